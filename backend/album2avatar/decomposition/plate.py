"""The background without the person, from all frames."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.clip.homography import warp
from album2avatar.decomposition.filling import fill_smoothly

OUTLIER = 0.12
"""Difference in sRGB from the median beyond which a frame shows something that passes by."""
ROUNDS = 3
LEAST_WEIGHT = 0.5
"""Frames that must show a pixel's background for it to count as seen."""
BAND_ROWS = 24
"""Rows that are computed together; memory doesn't grow with the picture."""
DARKEST = 0.05
"""sRGB below which a pixel says nothing of the exposure."""


@dataclass(frozen=True)
class Plate:
    """The clean plate, in the middle frame's view and exposure."""

    color: Tensor
    """(H, W, 3) sRGB 0..1, filled where unseen."""
    seen: Tensor
    """(H, W) bool, whether any frame shows the background there."""
    gains: Tensor
    """(T, 3) what each frame's colours have to be divided by to be as exposed as the plate."""
    noise: float
    """Usual difference of a frame from the plate, sRGB."""


def make_plate(frames: Tensor, background: Tensor, motion: Tensor) -> Plate:
    """Estimate the plate.

    Args:
        frames: (T, H, W, 3) uint8.
        background: (T, H, W) uint8, 255 where a frame surely shows background.
        motion: (T, 3, 3) from the plate's pixels to each frame's.
    """
    stacked = [still_frame(f, b, m) for f, b, m in zip(frames, background, motion, strict=True)]
    still = torch.stack([layers[..., :3] for layers in stacked])
    weights = torch.stack([layers[..., 3] for layers in stacked])
    even = torch.ones(len(frames), 3)
    first, _, _ = _by_bands(still, weights, even)
    gains = exposure_gains(still, weights, first, len(frames) // 2)
    color, total, spread = _by_bands(still, weights, gains)
    seen = total >= LEAST_WEIGHT
    filled = fill_smoothly(torch.where(seen[..., None], color, 0.0), seen.float())
    noise = float(spread[seen].median()) if bool(seen.any()) else 0.0
    return Plate(filled, seen, gains, noise)


def robust_plate(pictures: Tensor, weights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Colour of each pixel on which most of the weight agrees.

    A weighted median first, then means of what lies near it (Tukey's weights).

    Args:
        pictures: (T, H, W, 3) sRGB 0..1, one above the other.
        weights: (T, H, W) 0..1, how surely each shows the background.

    Returns:
        (H, W, 3); the sum of weights (H, W); usual difference from the colour (H, W).
    """
    order = pictures.argsort(0)
    sorted_weights = weights[..., None].expand_as(pictures).gather(0, order)
    reached = sorted_weights.cumsum(0)
    half = 0.5 * reached[-1:]
    middle = (reached < half).sum(0, keepdim=True).clamp(max=len(pictures) - 1)
    color = pictures.gather(0, order.gather(0, middle))[0]
    for _ in range(ROUNDS):
        heard = _near(pictures, weights, color)
        total = heard.sum(0)[..., None]
        mean = (heard[..., None] * pictures).sum(0) / total.clamp(min=1e-6)
        color = torch.where(total > 1e-6, mean, color)
    heard = _near(pictures, weights, color)
    away = (heard * (pictures - color).square().mean(-1)).sum(0)
    return color, weights.sum(0), (away / heard.sum(0).clamp(min=1e-6)).sqrt()


def _near(pictures: Tensor, weights: Tensor, color: Tensor) -> Tensor:
    """(T, H, W) Tukey's weights of pictures around a colour."""
    away = (pictures - color).square().sum(-1)
    return weights * (1 - away / OUTLIER**2).clamp(min=0).square()


def exposure_gains(still: Tensor, weights: Tensor, plate: Tensor, reference: int) -> Tensor:
    """(T, 3) median ratios of each frame's background to the plate, 1 at the reference.

    Args:
        still: (T, H, W, 3) uint8.
        weights: (T, H, W) uint8.
        plate: (H, W, 3) sRGB 0..1.
    """
    gains: list[Tensor] = []
    bright = plate.amin(-1) > DARKEST
    for picture, weight in zip(still, weights, strict=True):
        shown = (weight > 250) & bright
        if int(shown.sum()) < 100:
            gains.append(torch.ones(3))
            continue
        ratio = (picture[shown].float() / 255).clamp(min=DARKEST) / plate[shown]
        gains.append(ratio.median(0).values)
    found = torch.stack(gains)
    return found / found[reference]


def still_frame(frame: Tensor, background: Tensor, motion: Tensor) -> Tensor:
    """(H, W, 4) uint8: a frame in the plate's view, and how surely it shows background."""
    if torch.equal(motion, torch.eye(3).to(motion)):
        return torch.cat([frame, background[..., None]], -1)
    size = (frame.shape[0], frame.shape[1])
    layers = torch.cat([frame, background[..., None]], -1).permute(2, 0, 1).float()
    return warp(layers, motion, size).permute(1, 2, 0).round().to(torch.uint8)


def _by_bands(still: Tensor, weights: Tensor, gains: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """`robust_plate` of 8-bit pictures, a few rows at a time."""
    parts: list[Sequence[Tensor]] = []
    for top in range(0, still.shape[1], BAND_ROWS):
        rows = slice(top, top + BAND_ROWS)
        pictures = still[:, rows].float() / 255 / gains[:, None, None]
        parts.append(robust_plate(pictures, weights[:, rows].float() / 255))
    color, total, spread = (torch.cat(list(columns)) for columns in zip(*parts, strict=True))
    return color, total, spread
