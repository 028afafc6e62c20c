"""The decoding process: a line of JSON in, a PNG and a line of JSON out.

Image decoders are where a damaged or hostile file does its harm. Here it can use up the
memory or crash, and the job lives on. Started by `album2avatar.album.decoder`.
"""

import json
import sys
from pathlib import Path
from typing import Any

from album2avatar.album.decoding import Limits, RefusedError, decode, register_formats


def main() -> None:
    """Serve requests until standard input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # a chatty library must not break the answers
    register_formats()
    first = json.loads(sys.stdin.readline())
    limit_memory(int(first["memory_bytes"]))
    limits = Limits(**first["limits"])
    for line in sys.stdin:
        request = json.loads(line)
        answer = respond(Path(request["source"]), Path(request["target"]), limits)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def respond(source: Path, target: Path, limits: Limits) -> dict[str, Any]:
    """Decode `source` into the PNG `target` and describe it, or say what went wrong."""
    try:
        photo = decode(source, limits)
    except RefusedError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "needs more memory to decode than is allowed. Save a smaller copy of it"}
    except Exception as error:  # whatever a decoder makes of a damaged file
        return {"damaged": (str(error) or type(error).__name__).splitlines()[0][:200]}
    try:
        photo.image.save(target, format="PNG", compress_level=3)
    except OSError as error:
        return {"unwritten": error.errno}
    width, height = photo.image.size
    return {
        "width": width,
        "height": height,
        "original_width": photo.original_size[0],
        "original_height": photo.original_size[1],
        "orientation": photo.orientation,
    }


def limit_memory(byte_count: int) -> None:
    """Bound this process's address space, where the system can."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        bound = byte_count if hard == resource.RLIM_INFINITY else min(byte_count, hard)
        resource.setrlimit(resource.RLIMIT_AS, (bound, hard))


if __name__ == "__main__":
    main()
