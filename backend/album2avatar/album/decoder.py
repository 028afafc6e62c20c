"""The job's side of the decoding process: ask, wait no longer than allowed, restart."""

import json
import os
import queue
import subprocess
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from album2avatar.album.decoding import Limits
from album2avatar.errors import AlbumError
from album2avatar.settings import AlbumSettings

MEBIBYTE = 2**20
_LEAVE_OUT = "Export it again, or leave it out."


@dataclass(frozen=True)
class DecodedSize:
    """What the decoding process says about a photo that it wrote."""

    width: int
    height: int
    original_width: int
    original_height: int
    orientation: int


class PhotoDecoder:
    """One child process that decodes photo after photo; a new one after it died.

    Use as a context manager; the child ends with it.
    """

    def __init__(self, limits: Limits, memory_bytes: int, seconds_per_photo: float) -> None:
        self._limits = limits
        self._memory_bytes = memory_bytes
        self._seconds = seconds_per_photo
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def decode(self, source: Path, target: Path) -> DecodedSize:
        """Decode the image file `source` and write it as a PNG over `target`.

        Raises:
            AlbumError: the photo can't be used; the message names it and the way out.
            OSError: `target` can't be written; the disk is full, say.
        """
        _check_readable(source)
        answer = self._ask({"source": str(source), "target": str(target)}, source.name)
        if "refused" in answer:
            raise AlbumError(f"{source.name} {answer['refused']}.")
        if "damaged" in answer:
            raise AlbumError(
                f"{source.name} can't be decoded ({answer['damaged']}): it is damaged, cut off, "
                f"or no photo. {_LEAVE_OUT}"
            )
        if "unwritten" in answer:
            raise OSError(answer["unwritten"], os.strerror(answer["unwritten"]))
        return DecodedSize(**answer)

    def _ask(self, request: dict[str, str], name: str) -> dict[str, Any]:
        process = self._process or self._start()
        try:
            _send(process, request)
            answer = self._answers.get(timeout=self._seconds)
        except BrokenPipeError:
            answer = ""
        except queue.Empty:
            self._stop()
            raise AlbumError(
                f"{name} took longer than {self._seconds:g} s to decode. {_LEAVE_OUT}"
            ) from None
        if not answer:
            self._stop()
            raise AlbumError(f"{name} made the image decoder crash; it is damaged. {_LEAVE_OUT}")
        return json.loads(answer)

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "album2avatar.album.decode_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._process = process
        self._answers = queue.Queue()
        reader = threading.Thread(target=_pump, args=(process, self._answers), daemon=True)
        reader.start()
        _send(process, {"memory_bytes": self._memory_bytes, "limits": asdict(self._limits)})
        return process

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def photo_decoder(settings: AlbumSettings) -> PhotoDecoder:
    """Make the decoder that keeps to the settings' limits."""
    limits = Limits(
        long_side=settings.long_side,
        short_side_min=settings.short_side_min,
        pixels_max=round(settings.megapixels_max * 1e6),
    )
    return PhotoDecoder(limits, settings.memory_mebibytes * MEBIBYTE, settings.seconds_per_photo)


def _send(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _pump(process: subprocess.Popen[str], answers: "queue.Queue[str]") -> None:
    """Move the child's lines to the queue; an empty one says that it is gone."""
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    answers.put("")


def _check_readable(source: Path) -> None:
    """Raise AlbumError where the file can't be opened, before the child tries."""
    try:
        with source.open("rb"):
            pass
    except OSError as error:
        raise AlbumError(
            f"{source.name} can't be opened ({error.strerror}). Check its permissions, "
            "or leave it out."
        ) from error
