"""Close-ups of a photo that look like the framings which the prior knows."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from album2avatar.assets import Framing, PhotoLabels

TORSO_METRES = 0.55
"""Height of the neck's base above the pelvis, of an average adult (Anny's keypoints)."""
FRAME_METRES: dict[Framing, float] = {
    "upper body": 0.89,
    "lower body": 1.01,
    "head close-up": 0.42,
}
"""Height of the frame at the person, in the middle of what the demo prior was trained on."""
CLOSE_UPS: dict[Framing, tuple[Framing, ...]] = {
    "full body": ("upper body", "lower body", "head close-up"),
    "upper body": ("head close-up",),
    "lower body": (),
    "head close-up": (),
}
"""What can be cut out of a photo with which framing."""
CERTAIN = 0.3
"""Confidence from which a keypoint is believed."""
SMALLEST_SIDE = 0.6
"""Smallest crop, as a share of the prior's image size; below, there is only blur."""
ASSET_MARGIN = 1.3
"""Side of the crop around an asset, of the asset's longer side."""

Image8 = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Crop:
    """A square of a photo, which may reach beyond its edges."""

    centre: tuple[float, float]
    """(x, y) pixels, y down."""
    side: float
    """Pixels."""
    framing: Framing | None
    """None where no word of the prompts' grammar fits."""


def find_crops(labels: PhotoLabels, mask: Image8, image_size: int) -> list[Crop]:
    """The photo as a square, and every close-up that its keypoints and resolution allow.

    Args:
        labels: framing and keypoints of the photo.
        mask: (H, W), 0 where there is no person.
        image_size: of the prior.
    """
    crops = [_whole(labels.framing, mask)]
    keypoints = {n: np.array([x, y]) for n, (x, y, c) in labels.keypoints.items() if c >= CERTAIN}
    if not {"neck", "pelvis"} <= keypoints.keys():
        return crops
    pixels_per_metre = float(np.linalg.norm(keypoints["neck"] - keypoints["pelvis"])) / TORSO_METRES
    for framing in CLOSE_UPS[labels.framing]:
        centre = _close_up_centre(framing, keypoints, pixels_per_metre)
        side = FRAME_METRES[framing] * pixels_per_metre
        if centre is not None and side >= SMALLEST_SIDE * image_size:
            crops.append(Crop(centre, side, framing))
    return crops


def find_asset_crops(mask: Image8, asset_count: int, image_size: int) -> list[Crop]:
    """A square around each asset that the photo's resolution allows."""
    crops: list[Crop] = []
    for index in range(asset_count):
        rows, columns = np.nonzero(mask == index + 1)
        if len(rows) == 0:
            continue
        left, right = float(columns.min()), float(columns.max()) + 1
        top, bottom = float(rows.min()), float(rows.max()) + 1
        side = ASSET_MARGIN * max(right - left, bottom - top)
        if side >= SMALLEST_SIDE * image_size:
            crops.append(Crop(((left + right) / 2, (top + bottom) / 2), side, None))
    return crops


def jittered(crop: Crop, generator: np.random.Generator) -> Crop:
    """Shift and scale a crop by a few per cent, as framings vary."""
    shift_x, shift_y = generator.uniform(-0.025, 0.025, 2) * crop.side
    scale = generator.uniform(0.96, 1.04)
    centre = (crop.centre[0] + float(shift_x), crop.centre[1] + float(shift_y))
    return Crop(centre, crop.side * float(scale), crop.framing)


def cut(picture: Image8, crop: Crop, size: int, outside: str) -> Image8:
    """Resample a crop of an (H, W) or (H, W, 3) picture to `size` squared.

    Args:
        outside: how to fill what lies beyond the photo, a mode of `numpy.pad`: `edge` for
            colours, `constant` (0) for masks.
    """
    left = round(crop.centre[0] - crop.side / 2)
    top = round(crop.centre[1] - crop.side / 2)
    side = max(1, round(crop.side))
    height, width = picture.shape[:2]
    padding = [
        (max(0, -top), max(0, top + side - height)),
        (max(0, -left), max(0, left + side - width)),
        *[(0, 0)] * (picture.ndim - 2),
    ]
    padded = np.pad(picture, padding, mode=outside)  # pyright: ignore[reportCallIssue, reportArgumentType]
    top, left = max(0, top), max(0, left)
    square = Image.fromarray(np.ascontiguousarray(padded[top : top + side, left : left + side]))
    resampling = Image.Resampling.BOX if side >= size else Image.Resampling.BICUBIC
    return np.asarray(square.resize((size, size), resampling))


def _whole(framing: Framing, mask: Image8) -> Crop:
    """The largest square that keeps the framing: around the person, at the end that matters."""
    height, width = mask.shape
    rows, columns = np.nonzero(mask)
    if len(rows) == 0:
        return Crop((width / 2, height / 2), float(min(height, width)), framing)
    middle = (float(columns.min()) + float(columns.max()) + 1) / 2
    if framing == "full body":
        tall = float(rows.max() - rows.min() + 1)
        centre = (float(rows.min()) + float(rows.max()) + 1) / 2
        return Crop((middle, centre), 1.1 * tall, framing)
    side = float(min(height, width))
    middle = float(np.clip(middle, side / 2, width - side / 2))
    if framing == "lower body":
        return Crop((middle, height - side / 2), side, framing)
    return Crop((middle, side / 2), side, framing)


def _close_up_centre(
    framing: Framing, keypoints: Mapping[str, npt.NDArray[np.float64]], pixels_per_metre: float
) -> tuple[float, float] | None:
    """Centre of a close-up; offsets in metres from keypoints of Anny's average adult."""
    if framing == "lower body":
        ankles = [keypoints[n] for n in ("left_ankle", "right_ankle") if n in keypoints]
        if not ankles:
            return None
        y = max(float(ankle[1]) for ankle in ankles) - 0.37 * pixels_per_metre
        return float(keypoints["pelvis"][0]), y
    if "head" not in keypoints:
        return None
    x, y = (float(value) for value in keypoints["head"])
    if framing == "head close-up":
        return x, y - 0.02 * pixels_per_metre
    return float(keypoints["neck"][0]), y + 0.22 * pixels_per_metre
