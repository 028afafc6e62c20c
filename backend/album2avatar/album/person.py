"""The person in a photo in numbers: how much of them there is, whether alone, whether cut off."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from album2avatar.assets import PIXEL_CLASSES

Labels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

WHITE = 0.98
"""Value from which a channel is full: what was brighter is lost."""
_EDGE = 2
"""Pixels at the border in which a person who goes on beyond it shows surely."""
_FACE = tuple(PIXEL_CLASSES.index(name) for name in ("face", "beard", "glasses"))
"""Glasses join what they would divide."""


@dataclass(frozen=True)
class PersonMeasures:
    """What was seen of people in a photo. Shares are 0..1."""

    share: float
    """Of the photo that is person."""
    joints: float
    """Confidence of the second surest joint."""
    second_body: float
    """Area of the second largest piece of person, of the largest."""
    second_face: float
    """Area of the second largest face, of the largest piece of person."""
    side_cut: float
    """Of the person's height that lies on the left or the right border of the photo."""
    top_cut: float
    """Of the person's width that lies on the upper border."""
    framing: str
    """Word for what of the person the photo shows."""
    bright: float
    """95th percentile of the person's brightness."""
    clipped: float
    """Share of the person in which the brightest channel is full."""
    box: tuple[float, float, float, float]
    """Left, top, right and bottom of the largest piece of person, in shares of the photo's width
    and height; all 0 where there is none."""


Sight = Callable[[Path], PersonMeasures]
"""From a PNG that the decoder wrote to what it shows of people."""


def measure_person(
    pixels: NDArray[np.uint8], labels: Labels, joints: float, framing: str
) -> PersonMeasures:
    """Measure what a network saw.

    Args:
        pixels: (H, W, 3) sRGB.
        labels: (H, W) index into `assets.PIXEL_CLASSES`.
        joints: confidence of the second surest joint.
        framing: what of the person is shown.
    """
    person = labels > 0
    islands, areas = largest_islands(person)
    faces = largest_islands(np.isin(labels, _FACE))[1]
    body = islands == 1
    grey = pixels[person].max(axis=-1) / 255 if person.any() else np.zeros(1)
    return PersonMeasures(
        share=float(person.mean()),
        joints=joints,
        second_body=_second(areas),
        second_face=faces[1] / areas[0] if len(faces) > 1 else 0.0,
        side_cut=max(_touching(body[:, :_EDGE], 1), _touching(body[:, -_EDGE:], 1))
        / max(1, _reach(body, 1)),
        top_cut=_touching(body[:_EDGE], 0) / max(1, _reach(body, 0)),
        framing=framing,
        bright=float(np.percentile(grey, 95)),
        clipped=float((grey > WHITE).mean()),
        box=_box(body),
    )


def measures_from_json(values: Mapping[str, Any]) -> PersonMeasures:
    """What `dataclasses.asdict` gave, after a way through JSON."""
    restored: dict[str, Any] = dict(values)
    restored["box"] = tuple(values["box"])
    return PersonMeasures(**restored)


def largest_islands(mask: Mask) -> tuple[NDArray[np.int32], list[int]]:
    """Connected pieces of a mask (H, W): 1 where the largest is, 2 the second and so on; areas."""
    islands, count = cast("tuple[NDArray[np.int32], int]", ndimage.label(mask))
    areas = np.bincount(islands.ravel(), minlength=count + 1)[1:]
    order = np.argsort(-areas, kind="stable")
    rank = np.zeros(count + 1, np.int32)
    rank[order + 1] = np.arange(1, count + 1)
    return rank[islands], [int(area) for area in areas[order]]


def _second(areas: Sequence[int]) -> float:
    return areas[1] / areas[0] if len(areas) > 1 else 0.0


def _reach(mask: Mask, axis: int) -> int:
    """Pixels from the first to the last row (axis 1) or column (axis 0) that has some."""
    filled = np.flatnonzero(mask.any(axis=axis))
    return int(filled[-1] - filled[0] + 1) if len(filled) else 0


def _touching(edge: Mask, axis: int) -> int:
    """Rows (axis 1) or columns (axis 0) of a strip at the border that show the person."""
    return int(edge.any(axis=axis).sum())


def _box(mask: Mask) -> tuple[float, float, float, float]:
    if not mask.any():
        return 0.0, 0.0, 0.0, 0.0
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return (
        float(columns[0] / width),
        float(rows[0] / height),
        float((columns[-1] + 1) / width),
        float((rows[-1] + 1) / height),
    )
