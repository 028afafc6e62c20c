"""How a hand-held camera moved: every frame laid on one plate by its background."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.clip.homography import align, displacement, misfit, warp
from album2avatar.errors import AlbumError
from album2avatar.tensor_files import damaged, read_tensors, write_tensors

STILL = 0.6
"""Pixels; a camera that moves less stands on a tripod."""
PROBES = 6
"""Frames that are looked at first: where none of them moves, the camera stands still."""
GAIN_MIN = 0.9
"""A motion must make the backgrounds differ less than this share of what they do without it;
else it follows noise."""
DIFFERENCE_MIN = 0.002
"""Mean robust difference that a motion must take away: a plain wall differs from itself by less,
and only a badly masked person has edges there."""
MARGIN = 0.02
"""Room around the segmented person that is not believed, in picture heights."""
_KIND = "camera motion"


def estimate_motion(grey: Tensor, person: Tensor, most: float, pause: Callable[[], None]) -> Tensor:
    """Homographies (T, 3, 3) float64 from the plate's pixels to each frame's.

    The plate is the middle frame's view. Frames are laid on that frame, each beginning with the
    motion of the one beside it, and then again on the median of all.

    Args:
        grey: (T, H, W) 0..1.
        person: (T, H, W) 0..1, as segmented.
        most: farthest motion that is accepted, in frame widths.
        pause: called after each frame; what it raises ends the search.

    Returns:
        Identities where the camera stands still.

    Raises:
        AlbumError: the camera moves farther.
    """
    count, height, width = grey.shape
    size = (height, width)
    background = background_weights(person)
    middle = count // 2
    still = torch.eye(3, dtype=torch.float64)
    found = [still] * count
    probes = torch.linspace(0, count - 1, min(PROBES, count)).round().long().tolist()
    first = [
        align(grey[middle], background[middle], grey[probe], background[probe], still)
        for probe in probes
    ]
    if float(displacement(torch.stack(first), size).max()) < STILL:
        return still.repeat(count, 1, 1)
    for order in (range(middle + 1, count), range(middle - 1, -1, -1)):
        for index in order:
            beside = found[index - 1] if index > middle else found[index + 1]
            found[index] = align(
                grey[middle], background[middle], grey[index], background[index], beside
            )
            pause()
    plate, seen = _median_plate(grey, background, found)
    for index in range(count):
        found[index] = align(plate, seen, grey[index], background[index], found[index])
        pause()
    motion = torch.stack(found)
    moved = displacement(motion, size)
    if float(moved.max()) < STILL or not _explains(plate, seen, grey, background, motion):
        return still.repeat(count, 1, 1)
    farthest = float(moved.max()) / width
    if farthest > most:
        raise AlbumError(
            f"The camera moves too much: the background by {100 * farthest:.0f} % of the "
            f"frame's width, {100 * most:.0f} % are allowed. Use a video from a tripod or a "
            "steady hand, trim it (clip.start, clip.end), or raise clip.camera_motion_max."
        )
    return motion


def background_weights(person: Tensor) -> Tensor:
    """(T, H, W) 1 where a frame shows background for sure, 0 near the person."""
    reach = max(1, round(MARGIN * person.shape[1]))
    window = 2 * reach + 1
    grown = F.max_pool2d((person > 0.2).float()[:, None], window, 1, reach)[:, 0]
    return 1 - grown


def save_motion(path: Path, motion: Tensor) -> None:
    """Write the homographies atomically."""
    write_tensors(path, _KIND, {"homographies": motion}, {})


def load_motion(path: Path) -> Tensor:
    """Read the homographies (T, 3, 3).

    Raises:
        WorkspaceError: the file is missing or damaged.
    """
    tensors, _ = read_tensors(path, _KIND)
    try:
        return tensors["homographies"]
    except KeyError as error:
        raise damaged(path, error) from error


def _median_plate(grey: Tensor, background: Tensor, motion: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(H, W) grey of the background, and where it is known."""
    size = (grey.shape[1], grey.shape[2])
    rows = [
        warp(torch.stack([picture, weight]), one, size)
        for picture, weight, one in zip(grey, background, motion, strict=True)
    ]
    values = torch.stack([torch.where(row[1] > 0.99, row[0], torch.nan) for row in rows])
    median = values.nanmedian(0).values
    return median.nan_to_num(), (~median.isnan()).float()


def _explains(
    plate: Tensor, seen: Tensor, grey: Tensor, background: Tensor, motion: Tensor
) -> bool:
    still = torch.eye(3, dtype=motion.dtype)
    with_motion = without = 0.0
    for picture, weight, one in zip(grey, background, motion, strict=True):
        with_motion += misfit(plate, seen, picture, weight, one)
        without += misfit(plate, seen, picture, weight, still)
    taken_away = (without - with_motion) / len(grey)
    return with_motion < GAIN_MIN * without and taken_away > DIFFERENCE_MIN
