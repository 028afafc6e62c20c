"""Rasterization with the shapes and conventions of nvdiffrast."""

from collections.abc import Callable

import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows
from album2avatar.render import visibility_torch
from album2avatar.render.screen import Resolution, to_screen

Visibility = Callable[[Tensor, Tensor, Resolution], Tensor]
"""Finds the face at every pixel: (screen, faces, resolution) -> ids, as
`visibility_torch.face_ids` (any device) and `visibility_warp.face_ids` (faster) do."""


def rasterize(
    pos: Tensor,
    tri: Tensor,
    resolution: Resolution,
    visibility: Visibility = visibility_torch.face_ids,
) -> Tensor:
    """Find what each pixel sees.

    Args:
        pos: (B, V, 4) float32, clip space.
        tri: (F, 3) int.
        resolution: (height, width).
        visibility: how the visible faces are found; the choice changes speed only.

    Returns:
        (B, H, W, 4): u, v, z/w, face index + 1, row 0 at the bottom; all zero where there
        is no surface. u and v are the perspective-correct weights of the face's first and
        second vertex; they and z/w are differentiable in `pos`.
    """
    faces = tri.long()
    ids = visibility(to_screen(pos.detach().double(), resolution), faces, resolution)
    picture, row, column = (ids >= 0).nonzero(as_tuple=True)
    face = ids[picture, row, column]
    corners = gather_rows(pos.reshape(-1, 4), picture[:, None] * pos.shape[1] + faces[face])
    u, v, depth = _barycentrics(corners, column, row, resolution)
    values = torch.stack([u, v, depth, (face + 1).to(pos.dtype)], -1)
    height, width = resolution
    pixel = (picture * height + row) * width + column
    rast = values.new_zeros(ids.numel(), 4).index_copy(0, pixel, values)
    return rast.view(*ids.shape, 4)


def _barycentrics(
    corners: Tensor, column: Tensor, row: Tensor, resolution: Resolution
) -> tuple[Tensor, Tensor, Tensor]:
    """Weights of the first two corners and z/w where the pixel's line of sight meets the face.

    Args:
        corners: (P, 3, 4) clip space.
        column, row: (P,) pixel indices.

    Source: Olano and Greer 1997, "Triangle scan conversion using 2D homogeneous coordinates".
    """
    height, width = resolution
    x = (2.0 * column.double() + 1.0) / width - 1.0
    y = (2.0 * row.double() + 1.0) / height - 1.0
    exact = corners.double()  # slivers that cover a pixel centre lose their area in float32
    offset = exact[..., :2] - torch.stack([x, y], -1)[:, None] * exact[..., 3:]
    first = _cross(offset[:, 1], offset[:, 2])
    second = _cross(offset[:, 2], offset[:, 0])
    third = _cross(offset[:, 0], offset[:, 1])
    weights = torch.stack([first, second, third], -1) / (first + second + third)[:, None]
    # Rounding can leave the triangle by a hair at its edge; textures must not be read there.
    weights = weights.clamp(0.0, 1.0)
    z, w = (weights * exact[..., 2]).sum(-1), (weights * exact[..., 3]).sum(-1)
    kind = corners.dtype
    return weights[:, 0].to(kind), weights[:, 1].to(kind), (z / w).to(kind)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
