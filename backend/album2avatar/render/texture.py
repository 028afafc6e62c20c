"""Bilinear texture lookup."""

from typing import Literal

import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows


def texture(tex: Tensor, uv: Tensor, boundary_mode: Literal["wrap", "clamp"] = "wrap") -> Tensor:
    """Read a texture with bilinear filtering.

    Args:
        tex: (H, W, C), row 0 at v = 0, the bottom; texel centres at (index + 0.5) / size.
        uv: (*S, 2), 0..1 across the texture.
        boundary_mode: what lies outside 0..1: the texture again, or its border texels.

    Returns:
        (*S, C), differentiable in both.
    """
    height, width, channels = tex.shape
    x = uv[..., 0] * width - 0.5
    y = uv[..., 1] * height - 0.5
    if boundary_mode == "clamp":
        x, y = x.clamp(0, width - 1), y.clamp(0, height - 1)
    left, bottom = x.detach().floor(), y.detach().floor()
    fraction_x, fraction_y = (x - left)[..., None], (y - bottom)[..., None]

    def texel(column: Tensor, row: Tensor) -> Tensor:
        if boundary_mode == "wrap":
            column, row = column.remainder(width), row.remainder(height)
        else:
            column, row = column.clamp(max=width - 1), row.clamp(max=height - 1)
        return gather_rows(tex.reshape(-1, channels), row * width + column)

    c, r = left.long(), bottom.long()
    low = torch.lerp(texel(c, r), texel(c + 1, r), fraction_x)
    high = torch.lerp(texel(c, r + 1), texel(c + 1, r + 1), fraction_x)
    return torch.lerp(low, high, fraction_y)
