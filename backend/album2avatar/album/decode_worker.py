"""The decoding process: lines of JSON in, PNGs and lines of JSON out.

Decoders are where a damaged or hostile file does its harm. Here it can use up the memory or
crash, and the job lives on. Started by `album2avatar.album.decoder`.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from album2avatar.album.decoding import (
    DecodedPhoto,
    Limits,
    RefusedError,
    decode,
    register_formats,
)
from album2avatar.album.video import (
    decode_frame,
    decode_frames,
    find_sharpest,
    find_ticks,
    find_windows,
)

Request = Mapping[str, Any]


def main() -> None:
    """Serve requests until standard input ends."""
    answers = sys.stdout
    sys.stdout = sys.stderr  # a chatty library must not break the answers
    register_formats()
    first = json.loads(sys.stdin.readline())
    limit_memory(int(first["memory_bytes"]))
    limits = Limits(**first["limits"])
    for line in sys.stdin:
        answers.write(json.dumps(respond(json.loads(line), limits)) + "\n")
        answers.flush()


def respond(request: Request, limits: Limits) -> dict[str, Any]:
    """Do what is asked, or say what went wrong."""
    try:
        return _TASKS[request["do"]](request, limits)
    except RefusedError as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "needs more memory to decode than is allowed. Save a smaller copy of it"}
    except _UnwrittenError as error:
        return {"unwritten": error.errno}
    except Exception as error:  # whatever a decoder makes of a damaged file
        return {"damaged": (str(error) or type(error).__name__).splitlines()[0][:200]}


class _UnwrittenError(Exception):
    """The PNG can't be written."""

    def __init__(self, errno: int | None) -> None:
        super().__init__()
        self.errno = errno


def _photo(request: Request, limits: Limits) -> dict[str, Any]:
    return _write(decode(Path(request["source"]), limits), Path(request["target"]))


def _windows(request: Request, limits: Limits) -> dict[str, Any]:
    windows, note = find_windows(Path(request["source"]), request["count"], limits)
    return {"windows": windows, "note": note}


def _sharpest(request: Request, limits: Limits) -> dict[str, Any]:
    first, last = request["window"]
    return {"moment": find_sharpest(Path(request["source"]), (first, last), limits)}


def _frame(request: Request, limits: Limits) -> dict[str, Any]:
    photo = decode_frame(Path(request["source"]), request["moment"], limits)
    return _write(photo, Path(request["target"]))


def _ticks(request: Request, limits: Limits) -> dict[str, Any]:
    moments, note = find_ticks(
        Path(request["source"]), request["start"], request["end"], request["rate"],
        request["count_max"], limits,
    )  # fmt: skip
    return {"moments": moments, "note": note}


def _frames(request: Request, limits: Limits) -> dict[str, Any]:
    targets = dict(zip(request["moments"], request["targets"], strict=True))
    written = {
        moment: _write(photo, Path(targets[moment]))
        for moment, photo in decode_frames(Path(request["source"]), request["moments"], limits)
    }
    return {"written": [[moment, size] for moment, size in sorted(written.items())]}


_TASKS: Mapping[str, Callable[[Request, Limits], dict[str, Any]]] = {
    "photo": _photo,
    "windows": _windows,
    "sharpest": _sharpest,
    "frame": _frame,
    "ticks": _ticks,
    "frames": _frames,
}


def _write(photo: DecodedPhoto, target: Path) -> dict[str, Any]:
    try:
        photo.image.save(target, format="PNG", compress_level=3)
    except OSError as error:
        raise _UnwrittenError(error.errno) from error
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
