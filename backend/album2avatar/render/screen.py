"""From clip space to the screen."""

import torch
from torch import Tensor

Resolution = tuple[int, int]
"""(height, width) in pixels."""

SMALLEST_DEPTH = 1e-6
"""Vertices whose clip w is not above this stand behind the camera and have no place on screen."""


def to_clip(points: Tensor, clip_from_world: Tensor) -> Tensor:
    """Project points with one matrix for each picture.

    Args:
        points: (V, 3) shared by all pictures, or (B, V, 3).
        clip_from_world: (B, 4, 4).

    Returns:
        (B, V, 4).
    """
    rotation, shift = clip_from_world[:, :, :3], clip_from_world[:, :, 3]
    return points @ rotation.transpose(1, 2) + shift[:, None, :]


def to_screen(pos: Tensor, resolution: Resolution) -> Tensor:
    """Divide by w and scale to pixels.

    Args:
        pos: (B, V, 4) clip space.
        resolution: (height, width).

    Returns:
        (B, V, 3) of pos's type: x to the right and y upwards in pixels, whole numbers at
        pixel centres, (0, 0) at the centre of the bottom left pixel; then z/w. NaN for
        vertices behind the camera.
    """
    height, width = resolution
    w = pos[..., 3:]
    inverse = torch.where(w > SMALLEST_DEPTH, 1.0 / w, torch.nan)
    scale = torch.tensor([0.5 * width, 0.5 * height, 1.0], dtype=pos.dtype, device=pos.device)
    shift = torch.tensor(
        [0.5 * width - 0.5, 0.5 * height - 0.5, 0.0], dtype=pos.dtype, device=pos.device
    )
    return pos[..., :3] * inverse * scale + shift
