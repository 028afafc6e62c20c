"""Frames of one video file. Runs in the decoding process only.

A file is opened anew for each question, and only one frame is kept at a time: memory doesn't
grow with the length, and a child that died has nothing to remember.
"""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from album2avatar.album.decoding import (
    DecodedPhoto,
    Limits,
    RefusedError,
    bound,
    check_size,
)
from album2avatar.album.sharpness import SIDE, sharpness

FRAMES_LOOKED_AT = 150
"""Of a part of a video, around its middle: five seconds. What lies between is skipped by seeking,
so that an hour takes hardly longer than a minute."""
PACKETS_MAX = 2_000_000
"""Nine hours at 60 frames a second. A longer video is read up to there."""
NEAR = 20
"""Milliseconds by which a frame's time may differ from the one that is asked for: half of what a
frame of a film lasts."""

_MATROSKA = b"\x1a\x45\xdf\xa3"
_UNSPECIFIED, _BT709, _BT601 = 2, 1, 5
"""Colour matrices, ITU-T H.273 table 4."""
_HD_ROWS = 720
_ORIENTATIONS = {-90: 6, 90: 8, 180: 3, -180: 3}
"""Counterclockwise turn that a player makes to the EXIF orientation that says the same."""


def find_windows(path: Path, count: int, limits: Limits) -> tuple[list[tuple[int, int]], str]:
    """Divide a video into parts, by the frames that are really there, whatever its header says.

    Args:
        path: the video.
        count: number of parts; fewer where there are fewer frames.

    Returns:
        First and last millisecond of each part, or of the middle of a long one; and what is
        wrong with the file as the end of a sentence, empty where nothing is.

    Raises:
        RefusedError: it has no frames, or too large ones.
        Exception: whatever FFmpeg raises on a damaged file.
    """
    with _opened(path) as container:
        stream = _video_stream(container, limits)
        moments, broke = _moments(container, stream)
        promised = container.duration
    if not moments:
        raise RefusedError("has no frames. Export it again, or leave it out")
    windows = [middle(part) for part in split(moments, count)]
    lasts, says = moments[-1] / 1000, promised / 1e6 if promised else 0.0
    if broke or says > lasts / 0.9 + 2:
        return windows, (
            f"is damaged or cut off after {lasts:.1f} s. The frames before that are used; export "
            "it again to have the rest"
        )
    return windows, ""


def split(moments: Sequence[int], count: int) -> list[list[int]]:
    """Divide sorted times into at most `count` runs of nearly equal length, none empty."""
    parts = np.array_split(np.asarray(moments), min(count, len(moments)))
    return [part.tolist() for part in parts]


def middle(part: Sequence[int]) -> tuple[int, int]:
    """First and last of the FRAMES_LOOKED_AT times in the middle of a part."""
    skipped = max(0, len(part) - FRAMES_LOOKED_AT) // 2
    return part[skipped], part[min(len(part), skipped + FRAMES_LOOKED_AT) - 1]


def find_sharpest(path: Path, window: tuple[int, int], limits: Limits) -> int:
    """The millisecond of the sharpest frame between two.

    Raises:
        RefusedError: none can be decoded.
        Exception: whatever FFmpeg raises on a damaged file.
    """
    best, hardest = -1, -1.0
    for moment, frame in _frames_between(path, window, limits):
        edges = sharpness(_grey(frame))
        if edges > hardest:
            best, hardest = moment, edges
    if best < 0:
        raise RefusedError(
            f"is damaged between {window[0] / 1000:.1f} s and {window[1] / 1000:.1f} s: no frame "
            "can be read there. Export it again, or leave this part out"
        )
    return best


def decode_frame(path: Path, moment: int, limits: Limits) -> DecodedPhoto:
    """Decode the frame that is shown at a millisecond: upright, sRGB, long side bounded.

    Raises:
        RefusedError: there is none.
        Exception: whatever FFmpeg raises on a damaged file.
    """
    nearest: tuple[int, VideoFrame] | None = None
    for found, frame in _frames_between(path, (moment - NEAR, moment + NEAR), limits):
        if nearest is None or abs(found - moment) < abs(nearest[0] - moment):
            nearest = found, frame
    if nearest is None:
        raise RefusedError(
            f"has no frame at {moment / 1000:.3f} s any more. Choose the album again"
        )
    return _picture(nearest[1], limits)


def find_ticks(
    path: Path, start: int, end: int, rate: float, count_max: int, limits: Limits
) -> tuple[list[int], str]:
    """Choose frames at an even rate.

    Args:
        path: the video.
        start, end: milliseconds; the end is the video's own where 0.
        rate: frames a second; a video that has fewer gives all that it has.
        count_max: more are refused.

    Returns:
        The frames' milliseconds, sorted; and what is wrong with the file as in `find_windows`.

    Raises:
        RefusedError: it has no frames there, or too many.
        Exception: whatever FFmpeg raises on a damaged file.
    """
    with _opened(path) as container:
        moments, broke = _moments(container, _video_stream(container, limits))
    lasts = moments[-1] if moments else 0
    inside = np.array([m for m in moments if start <= m <= (end or lasts)])
    if len(inside) < 2:
        raise RefusedError(
            f"has no moving pictures from {start / 1000:g} s on; it lasts {lasts / 1000:.1f} s. "
            "Change clip.start and clip.end"
        )
    count = math.floor((inside[-1] - inside[0]) * rate / 1000 + 0.1) + 1
    if min(count, len(inside)) > count_max:
        seconds = (inside[-1] - inside[0]) / 1000
        raise RefusedError(
            f"is too long: {seconds:.1f} s at {rate:g} frames a second are "
            f"{min(count, len(inside))} frames, {count_max} are allowed. Trim it with clip.start "
            "and clip.end, or lower clip.frames_per_second"
        )
    ticks = inside[0] + np.arange(count) * (1000 / rate)
    nearest = np.abs(inside[None] - ticks[:, None]).argmin(1)
    note = f"is damaged or cut off after {lasts / 1000:.1f} s; what is before is used"
    return inside[np.unique(nearest)].tolist(), note if broke else ""


def decode_frames(
    path: Path, moments: Sequence[int], limits: Limits
) -> Iterator[tuple[int, DecodedPhoto]]:
    """Decode the frames at milliseconds in one pass, as `decode_frame`; one is kept at a time.

    Frames that are damaged are left out.
    """
    wanted = set(moments)
    for found, frame in _frames_between(path, (moments[0], moments[-1]), limits):
        if found in wanted:
            wanted.remove(found)
            yield found, _picture(frame, limits)


def _opened(path: Path) -> InputContainer:
    """Open the file as what its first bytes say, so that no other format is ever tried: playlists,
    say, which name further files and addresses.
    """
    with path.open("rb") as file:
        start = file.read(len(_MATROSKA))
    return av.open(
        f"file:{path}",
        "r",
        format="matroska" if start == _MATROSKA else "mov",
        options={"protocol_whitelist": "file"},
        metadata_errors="replace",
    )


def _video_stream(container: InputContainer, limits: Limits) -> VideoStream:
    if not container.streams.video:
        raise RefusedError("holds no moving pictures. Leave it out")
    stream = container.streams.video[0]
    check_size((stream.width, stream.height), limits)
    # Threads would each take memory of their own, and the core of another job.
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    return stream


def _moments(container: InputContainer, stream: VideoStream) -> tuple[list[int], bool]:
    """Milliseconds of all frames, sorted, without decoding any; and whether reading broke off."""
    moments: set[int] = set()
    try:
        for packet in container.demux(stream):
            if packet.pts is not None and packet.size:
                moments.add(_milliseconds(packet.pts, stream))
            if len(moments) >= PACKETS_MAX:
                break
    except FFmpegError:
        return sorted(moments), True
    return sorted(moments), False


def _milliseconds(pts: int, stream: VideoStream) -> int:
    """Time since the video's beginning."""
    scale = stream.time_base or 0
    return max(0, round(1000 * (pts - (stream.start_time or 0)) * scale))


def _frames_between(
    path: Path, window: tuple[int, int], limits: Limits
) -> Iterator[tuple[int, VideoFrame]]:
    """Frames from `window`'s first to its last millisecond; what is damaged is passed over."""
    found = False
    with _opened(path) as container:
        stream = _video_stream(container, limits)
        if window[0] > 0 and _sought(container, stream, window[0]):
            for moment, frame in _decoded(container, stream, window):
                found = True
                yield moment, frame
            if found:
                return
    with _opened(path) as container:  # an index may be wrong; then the long way
        yield from _decoded(container, _video_stream(container, limits), window)


def _sought(container: InputContainer, stream: VideoStream, moment: int) -> bool:
    """Go to the key frame before a millisecond; whether that worked."""
    if not stream.time_base:
        return False
    pts = (stream.start_time or 0) + math.floor(moment / 1000 / stream.time_base)
    try:
        container.seek(pts, stream=stream)
    except (FFmpegError, OverflowError):
        return False
    return True


def _decoded(
    container: InputContainer, stream: VideoStream, window: tuple[int, int]
) -> Iterator[tuple[int, VideoFrame]]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except FFmpegError:
            return
        if packet is None:
            return
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        for frame in frames:
            if frame.pts is None:
                continue
            moment = _milliseconds(frame.pts, stream)
            if moment > window[1]:
                return
            if moment >= window[0]:
                yield moment, frame


def _grey(frame: VideoFrame) -> np.ndarray:
    """(H, W) brightness 0..1 with a long side of `sharpness.SIDE` at most."""
    scale = min(1.0, SIDE / max(frame.width, frame.height))
    width, height = (max(1, round(side * scale)) for side in (frame.width, frame.height))
    grey = frame.reformat(width, height, "gray", interpolation="AREA")
    return grey.to_ndarray().astype(np.float32) / np.float32(255)


def _picture(frame: VideoFrame, limits: Limits) -> DecodedPhoto:
    check_size((frame.width, frame.height), limits)
    matrix = frame.colorspace
    if matrix == _UNSPECIFIED:
        matrix = _BT709 if frame.height >= _HD_ROWS else _BT601
    image = bound(frame.to_image(src_colorspace=matrix), limits.long_side)
    turn = frame.rotation
    upright = image.rotate(turn, expand=True) if turn in _ORIENTATIONS else image
    return DecodedPhoto(upright, (frame.width, frame.height), _ORIENTATIONS.get(turn, 1))
