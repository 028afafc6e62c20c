"""Triangles and closed lines in the plane."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ROWS = 256
"""Edges of a line that are held against all others in one go; bounds the memory."""


def cross_product(a: Floats, b: Floats) -> Floats:
    """Of vectors (..., 2): twice the area between them, positive counter-clockwise."""
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])


def signed_areas(places: Floats, faces: Ints) -> Floats:
    """(F,) area of each triangle, negative where it is turned over."""
    a, b, c = (places[faces[:, k]] for k in range(3))
    return cross_product(b - a, c - a) / 2


def crosses_itself(line: Floats) -> bool:
    """Whether a closed line (B, 2) crosses itself."""
    start, end, count = line, np.roll(line, -1, 0), len(line)
    low, high = np.minimum(start, end), np.maximum(start, end)
    for first in range(0, count, ROWS):
        rows = slice(first, first + ROWS)
        beside = np.ones((len(start[rows]), count), np.bool_)
        for axis in range(2):
            beside &= low[rows, axis, None] <= high[:, axis]
            beside &= high[rows, axis, None] >= low[:, axis]
        one, other = beside.nonzero()
        one = one + first
        # Neighbours meet at an end; each pair is looked at once.
        apart = (other - one > 1) & (other - one < count - 1)
        one, other = one[apart], other[apart]
        parted = [
            cross_product(end[i] - start[i], start[j] - start[i])
            * cross_product(end[i] - start[i], end[j] - start[i])
            < 0
            for i, j in ((one, other), (other, one))
        ]
        if (parted[0] & parted[1]).any():
            return True
    return False


def is_simple(places: Floats, faces: Ints, rim: Ints) -> bool:
    """No face is turned over or flat, and the rim, places (B,) in order, doesn't cross itself."""
    if not np.isfinite(places).all():
        return False
    return bool(signed_areas(places, faces).min() > 0) and not crosses_itself(places[rim])
