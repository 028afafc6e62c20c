"""What the extension says when it can't do what was asked."""

import re

_KIND = re.compile(r"^(?:\w*Error: )*(?:\[Errno \d+\] )?")
"""What programmers read before the reason."""


class AvatarError(Exception):
    """Meant to be read by an artist: what was wrong, where, and what to do now."""


def reason_of(error: Exception) -> str:
    """The words that matter of what one of Blender's own operators raised.

    Its message may be a whole traceback with the place of the call below.

    >>> reason_of(OSError("[Errno 2] No such file or directory: '/a/b.glb'"))
    "No such file or directory: '/a/b.glb'"
    """
    lines = [line.strip() for line in str(error).splitlines()]
    telling = [line for line in lines if line and not line.startswith(("Location:", "File "))]
    return _KIND.sub("", telling[-1]) if telling else "no reason given"
