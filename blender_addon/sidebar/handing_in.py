"""A new job is handed in once, however often it is clicked."""

# pyright: reportMissingImports=false

from collections.abc import Callable, Mapping
from typing import Any

from .. import backend
from ..connection.connection import Connection
from ..errors import AvatarError
from .asking import ask


def is_handing_in() -> bool:
    """Whether a job was handed in and the backend has not answered yet."""
    return _handed_in_over is backend.connection()


def require_answered() -> None:
    """See that no job is on its way to the backend.

    Raises:
        AvatarError: one is.
    """
    if is_handing_in():
        raise AvatarError("A job is being handed in. Wait a moment; it appears in the list.")


def hand_in(section: str, path: str, body: Mapping[str, Any], then: Callable[[Any], None]) -> None:
    """Ask the backend for a job, and let buttons wait until it has answered.

    Args:
        section: name of the choices whose panel asks; a failure is said there.
        path: of the POST.
        body: of the POST.
        then: called with the answer, in Blender's main thread.
    """
    global _handed_in_over
    ask(section, "POST", path, body, then=then, after=_finish)
    _handed_in_over = backend.connection()
    backend.redraw()


def _finish() -> None:
    global _handed_in_over
    _handed_in_over = None
    backend.redraw()


_handed_in_over: Connection | None = None
"""Where an answer is awaited; a connection that is gone with its answers hinders nobody."""
