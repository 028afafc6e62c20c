"""The first stage of a clip: the video's frames, taken evenly."""

from collections.abc import Sequence
from pathlib import Path

from album2avatar.album.decoder import DecodedSize, PhotoDecoder, photo_decoder
from album2avatar.clip.frames import FrameIndex, save_frame_index
from album2avatar.clip.record import load_clip
from album2avatar.errors import AlbumError
from album2avatar.files import write_error
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

AT_ONCE = 24
"""Frames that one request decodes; a job can be cancelled between two."""
READABLE_SHARE = 0.5
"""Of the frames; a file of which less can be decoded is refused."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write the frames upright, as 8-bit sRGB PNGs with a bounded size; the index comes last.

    Raises:
        AlbumError: the video can't be read, is damaged, or is too long.
    """
    record, clip = load_clip(workspace), settings.clip
    video = Path(record.video)
    workspace.frames_index.unlink(missing_ok=True)
    limits = settings.album.model_copy(update={"long_side": clip.long_side})
    sizes: dict[int, DecodedSize] = {}
    with photo_decoder(limits) as decoder:
        moments, note = decoder.find_ticks(
            video, clip.start, clip.end, clip.frames_per_second, clip.frames_max
        )
        batches = [moments[start : start + AT_ONCE] for start in range(0, len(moments), AT_ONCE)]
        for step in job.steps(len(batches)):
            sizes |= _decode(workspace, decoder, video, batches[step], len(sizes))
            job.report(step + 1, len(batches))
    if len(sizes) < max(2.0, READABLE_SHARE * len(moments)):
        raise AlbumError(
            f"{video.name} is damaged: {len(sizes)} of {len(moments)} frames can be read. Export "
            "it again, or trim it with clip.start and clip.end."
        )
    if len({(size.width, size.height) for size in sizes.values()}) > 1:
        raise AlbumError(f"The frames of {video.name} differ in size. Export it again.")
    _remove_others(workspace, len(sizes))
    size = next(iter(sizes.values()))
    index = FrameIndex(milliseconds=tuple(sizes), width=size.width, height=size.height, note=note)
    save_frame_index(workspace.frames_index, index)
    said = f"{len(sizes)} frames of {size.width} x {size.height} pixels"
    job.report(len(batches), len(batches), message=" ".join(filter(None, (said, note))))


def _decode(
    workspace: Workspace, decoder: PhotoDecoder, video: Path, moments: Sequence[int], first: int
) -> dict[int, DecodedSize]:
    """Write some frames, numbered from `first` on without gaps."""
    folder = workspace.frames_index.parent
    targets = [folder / f".tmp-{moment}.png" for moment in moments]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sizes = decoder.decode_frames(video, moments, targets)
        for number, moment in enumerate(sizes, first):
            (folder / f".tmp-{moment}.png").replace(workspace.frame(number))
    except OSError as error:
        raise write_error(folder, error) from error
    return sizes


def _remove_others(workspace: Workspace, count: int) -> None:
    """Remove frames of an earlier, longer trim, and what a killed run left."""
    kept = {workspace.frame(number).name for number in range(count)}
    for path in workspace.frames_index.parent.glob("*.png"):
        if path.name not in kept:
            path.unlink()
