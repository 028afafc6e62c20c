"""Square crops of photos, and the way back from a crop's pixels to the photo's."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

OUTSIDE = 0.5
"""Grey of what a crop shows beyond the photo's edge."""


@dataclass(frozen=True)
class Square:
    """A square of a photo in the photo's pixels; it may reach beyond the photo."""

    left: float
    top: float
    side: float


def whole_photo(height: int, width: int) -> Square:
    """Smallest square around a photo, centred."""
    side = float(max(height, width))
    return Square((width - side) / 2, (height - side) / 2, side)


def around_box(left: float, top: float, right: float, bottom: float, margin: float) -> Square:
    """Square around a box, with `margin` times the box's long side added in all."""
    side = max(right - left, bottom - top) * (1 + margin)
    return Square((left + right - side) / 2, (top + bottom - side) / 2, side)


def crop(photo: Tensor, square: Square, size: int) -> Tensor:
    """Resample a square of a photo, averaging where it shrinks.

    Args:
        photo: (C, H, W) float.
        square: what to show.
        size: side of the result in pixels.

    Returns:
        (C, size, size); grey beyond the photo's edge.
    """
    height, width = photo.shape[-2:]
    padding = _padding(square, height, width)
    padded = F.pad(photo, padding, value=OUTSIDE)
    left, top = square.left + padding[0], square.top + padding[2]
    shrink = max(1, int(square.side / size))
    if shrink > 1:
        # Average blocks of pixels first, so that bilinear sampling skips none.
        extra = (-padded.shape[-1] % shrink, -padded.shape[-2] % shrink)
        padded = F.pad(padded, (0, extra[0], 0, extra[1]), value=OUTSIDE)
        padded = F.avg_pool2d(padded[None], shrink)[0]
    step = square.side / size / shrink
    centres = (torch.arange(size) + 0.5) * step
    return sample(padded, left / shrink + centres, top / shrink + centres)


def paste_back(picture: Tensor, square: Square, height: int, width: int) -> Tensor:
    """Resample a crop at every pixel of the photo; outside the square its edge repeats.

    Args:
        picture: (C, S, S) float, what was computed for the crop.
        square: what the crop shows.
        height, width: of the photo.

    Returns:
        (C, height, width).
    """
    scale = picture.shape[-1] / square.side
    x = (torch.arange(width) + 0.5 - square.left) * scale
    y = (torch.arange(height) + 0.5 - square.top) * scale
    return sample(picture, x, y)


def point_to_photo(points: Tensor, square: Square, size: int) -> Tensor:
    """Positions in a crop of side `size` to positions in the photo; (..., 2) to (..., 2)."""
    corner = torch.tensor([square.left, square.top], dtype=points.dtype)
    return points * (square.side / size) + corner


def sample(picture: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Bilinear samples on a grid of columns `x` and rows `y`, pixel centres at +0.5.

    Args:
        picture: (C, H, W).
        x: (w,); y: (h,). Positions beyond the edge take the edge's colour.

    Returns:
        (C, h, w).
    """
    height, width = picture.shape[-2:]
    grid_x = (2 * x.to(picture) / width - 1)[None, :].expand(len(y), -1)
    grid_y = (2 * y.to(picture) / height - 1)[:, None].expand(-1, len(x))
    grid = torch.stack([grid_x, grid_y], dim=-1)
    return F.grid_sample(picture[None], grid[None], padding_mode="border", align_corners=False)[0]


def _padding(square: Square, height: int, width: int) -> tuple[int, int, int, int]:
    """Pixels to add left, right, top and bottom so that the square lies inside."""
    beyond = (
        -square.left,
        square.left + square.side - width,
        -square.top,
        square.top + square.side - height,
    )
    left, right, top, bottom = (int(max(0.0, distance)) + 1 for distance in beyond)
    return left, right, top, bottom
