"""What may be wrong with a photo that can be decoded: blurred, too dark, too small, a twin."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.float32]

SIDE = 512
"""Photos are judged at this long side, so that the limits hold for every camera."""
SHARPNESS_MIN = 0.065
"""The demo album's photos have 0.18 to 0.65; blurred by a Gaussian of 2 pixels at SIDE, at most
0.063."""
CONTRAST_MIN = 0.1
"""Below, noise would count as edges."""
DARK_MEDIAN, DARK_HIGH = 0.12, 0.35
"""Median and 95th percentile of brightness below which a photo is too dark to show colours."""
CLIPPED_SHARE = 0.35
"""A white wall behind a person is seldom more of the picture."""
SMALL_SIDE = 384
"""Pixels of the short side; below, a full body's face has fewer than 40."""
TWIN_BITS = 12
"""Difference hashes of 256 bits that differ in no more come from the same picture: halved and
compressed anew, the demo album's photos differ in up to 7 from themselves, and in 31 or more
from each other."""


def quality_warnings(image: Image.Image, original_size: tuple[int, int]) -> tuple[str, ...]:
    """Say in words what is wrong with a photo.

    Args:
        image: upright, RGB.
        original_size: width and height as stored in the file.

    Returns:
        Sentences for the artist, each with the way out; none for a good photo.
    """
    grey = to_grey(image)
    warnings: list[str] = []
    if min(original_size) < SMALL_SIDE:
        width, height = original_size
        warnings.append(
            f"It is small ({width} × {height} pixels). Use the original file if there is one."
        )
    if sharpness(grey) < SHARPNESS_MIN:
        warnings.append("It is blurred. Leave it out if other photos show the same side.")
    if float(np.median(grey)) < DARK_MEDIAN and float(np.percentile(grey, 95)) < DARK_HIGH:
        warnings.append("It is very dark; colours will suffer. Brighten it or leave it out.")
    elif float((grey > 0.98).mean()) > CLIPPED_SHARE:
        warnings.append("Large parts are plain white; check that the person isn't overexposed.")
    return tuple(warnings)


def to_grey(image: Image.Image) -> Grey:
    """(H, W) brightness 0..1 with a long side of SIDE at most."""
    small = image.convert("L")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small, np.float32) / np.float32(255)


def sharpness(grey: Grey) -> float:
    """How hard the hardest edges are, against the picture's contrast; 0 is a plain picture.

    99th percentile of the Laplacian's absolute value. Unlike its variance, which is often used,
    it says the same of a person before a plain wall and before a hedge.
    """
    if min(grey.shape) < 3:
        return 0.0
    low, high = np.percentile(grey, (1, 99))
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    hardest = float(np.percentile(np.abs(around - 4 * middle), 99))
    return hardest / max(CONTRAST_MIN, float(high - low))


def difference_hash(image: Image.Image) -> NDArray[np.bool_]:
    """(256,) bits: whether each cell of a 16 × 17 grid is brighter than its left neighbour."""
    grid = np.asarray(image.convert("L").resize((17, 16), Image.Resampling.BOX), np.int16)
    return (grid[:, 1:] > grid[:, :-1]).ravel()


def find_twin(
    bits: NDArray[np.bool_], others: Sequence[tuple[str, NDArray[np.bool_]]]
) -> str | None:
    """Name of the first of `others` that shows the same picture, or None."""
    for name, other in others:
        if int((bits != other).sum()) <= TWIN_BITS:
            return name
    return None
