"""The job's side of the decoding process: what is asked of it, and what its answers mean."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from album2avatar.album.child import ChildDiedError, ChildTooSlowError, LineChild
from album2avatar.album.decoding import Limits
from album2avatar.errors import AlbumError
from album2avatar.settings import AlbumSettings

MEBIBYTE = 2**20
_LEAVE_OUT = "Export it again, or leave it out."


@dataclass(frozen=True)
class DecodedSize:
    """What the decoding process says about a photo or frame that it wrote."""

    width: int
    height: int
    original_width: int
    original_height: int
    orientation: int


@dataclass(frozen=True)
class VideoWindows:
    """Where in a video a frame is to be looked for."""

    windows: tuple[tuple[int, int], ...]
    """First and last millisecond, in order."""
    note: str
    """What the artist should know of the whole file, such as that it is cut off; mostly empty."""


class PhotoDecoder:
    """One child process that decodes photo after photo, frame after frame.

    Use as a context manager; the child ends with it.
    """

    def __init__(self, limits: Limits, memory_bytes: int, seconds_per_photo: float) -> None:
        greeting = {"memory_bytes": memory_bytes, "limits": asdict(limits)}
        self._child = LineChild("album2avatar.album.decode_worker", greeting)
        self._seconds = seconds_per_photo

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.stop()

    @property
    def pid(self) -> int | None:
        """Of the present child."""
        return self._child.pid

    def decode(self, source: Path, target: Path) -> DecodedSize:
        """Decode the image file `source` and write it as a PNG over `target`.

        Raises:
            AlbumError: the photo can't be used; the message names it and the way out.
            OSError: `target` can't be written; the disk is full, say.
        """
        request = {"do": "photo", "source": str(source), "target": str(target)}
        return DecodedSize(**self._ask(source, request, "no photo"))

    def find_windows(self, video: Path, count: int) -> VideoWindows:
        """Divide a video into at most `count` parts with as many frames in each.

        Raises:
            AlbumError: the video can't be used.
        """
        request = {"do": "windows", "source": str(video), "count": count}
        answer = self._ask(video, request, "no video")
        windows = tuple((int(first), int(last)) for first, last in answer["windows"])
        note = f"{video.name} {answer['note']}" if answer["note"] else ""
        return VideoWindows(windows, note)

    def find_sharpest(self, video: Path, window: tuple[int, int]) -> int:
        """The millisecond of a window's sharpest frame.

        Raises:
            AlbumError: none can be read.
        """
        request = {"do": "sharpest", "source": str(video), "window": list(window)}
        return int(self._ask(video, request, "no video")["moment"])

    def decode_frame(self, video: Path, moment: int, target: Path) -> DecodedSize:
        """Write the frame at millisecond `moment` as a PNG over `target`.

        Raises:
            AlbumError: it can't be read.
            OSError: `target` can't be written.
        """
        request = {"do": "frame", "source": str(video), "moment": moment, "target": str(target)}
        return DecodedSize(**self._ask(video, request, "no video"))

    def find_ticks(
        self, video: Path, start: float, end: float, rate: float, count_max: int
    ) -> tuple[tuple[int, ...], str]:
        """Milliseconds of frames at an even rate, and what the artist should know of the file.

        Args:
            start, end: seconds; an end of 0 is the video's own.

        Raises:
            AlbumError: the video can't be used, or there are more than `count_max`.
        """
        request = {
            "do": "ticks",
            "source": str(video),
            "start": round(1000 * start),
            "end": round(1000 * end),
            "rate": rate,
            "count_max": count_max,
        }
        answer = self._ask(video, request, "no video")
        note = f"{video.name} {answer['note']}" if answer["note"] else ""
        return tuple(int(moment) for moment in answer["moments"]), note

    def decode_frames(
        self, video: Path, moments: Sequence[int], targets: Sequence[Path]
    ) -> dict[int, DecodedSize]:
        """Write the frames at milliseconds as PNGs over `targets`, in one pass.

        Returns:
            Those that could be decoded.

        Raises:
            AlbumError: the video can't be read.
            OSError: a target can't be written.
        """
        request = {
            "do": "frames",
            "source": str(video),
            "moments": list(moments),
            "targets": [str(target) for target in targets],
        }
        answer = self._ask(video, request, "no video")
        return {int(moment): DecodedSize(**size) for moment, size in answer["written"]}

    def _ask(self, source: Path, request: dict[str, Any], otherwise: str) -> dict[str, Any]:
        _check_readable(source)
        name = source.name
        try:
            answer = self._child.ask(request, self._seconds)
        except ChildTooSlowError:
            raise AlbumError(
                f"{name} took longer than {self._seconds:g} s to decode. {_LEAVE_OUT}"
            ) from None
        except ChildDiedError:
            raise AlbumError(
                f"{name} made the decoder crash; it is damaged. {_LEAVE_OUT}"
            ) from None
        if "refused" in answer:
            raise AlbumError(f"{name} {answer['refused']}.")
        if "damaged" in answer:
            raise AlbumError(
                f"{name} can't be decoded ({answer['damaged']}): it is damaged, cut off, "
                f"or {otherwise}. {_LEAVE_OUT}"
            )
        if "unwritten" in answer:
            raise OSError(answer["unwritten"], os.strerror(answer["unwritten"]))
        return answer


def photo_decoder(settings: AlbumSettings) -> PhotoDecoder:
    """Make the decoder that keeps to the settings' limits."""
    limits = Limits(
        long_side=settings.long_side,
        short_side_min=settings.short_side_min,
        pixels_max=round(settings.megapixels_max * 1e6),
    )
    return PhotoDecoder(limits, settings.memory_mebibytes * MEBIBYTE, settings.seconds_per_photo)


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
