"""Which face each pixel sees, in plain torch: triangles to rows, rows to pixels.

Runs on every torch device. Edges are evaluated in float64 from the same end for both faces
of an edge, and spans are half-open, so each pixel centre belongs to one face of a surface.
"""

import torch
from torch import Tensor

from album2avatar.render.screen import Resolution

EMPTY = torch.iinfo(torch.int64).max
"""Depth key of a pixel that sees nothing."""
DEPTH_LEVELS = 2**31 - 2
"""Depths are compared at this many levels, so that depth and face fit one 64-bit key."""


def face_ids(screen: Tensor, faces: Tensor, resolution: Resolution) -> Tensor:
    """Find the nearest face at every pixel centre.

    Args:
        screen: (B, V, 3) float64 from `to_screen`.
        faces: (F, 3) int64.
        resolution: (height, width).

    Returns:
        (B, H, W) int64, row 0 at the bottom; -1 where there is none. Of faces at the same
        depth, the first wins. Faces with a vertex behind the camera are left out, and so is
        what lies outside -1 < z/w < 1.
    """
    height, width = resolution
    ids = [_face_ids_of_picture(points, faces, height, width) for points in screen.detach()]
    return torch.stack(ids).view(-1, height, width)


def _face_ids_of_picture(points: Tensor, faces: Tensor, height: int, width: int) -> Tensor:
    buffer = torch.full((height * width,), EMPTY, dtype=torch.int64, device=points.device)
    rows_y = points[:, 1][faces]
    first_row = rows_y.amin(1).ceil().clamp(0, height)
    row_count = rows_y.amax(1).ceil().clamp(0, height) - first_row
    face = (row_count > 0).nonzero().squeeze(1)  # NaN, behind the camera, compares false
    depth_plane, has_area = _depth_planes(points[faces[face]])
    face, depth_plane = face[has_area], depth_plane[has_area]

    owner, offset = _enumerate_runs(row_count[face].long())
    y = first_row[face][owner] + offset
    left, right = _spans(points, faces[face], owner, y, width)
    row, column = _enumerate_runs((right - left).clamp(min=0).long())
    x, y, owner = left[row] + column, y[row], owner[row]

    plane = depth_plane[owner]
    z = plane[:, 0] + plane[:, 1] * x + plane[:, 2] * y
    key = (((z * 0.5 + 0.5) * DEPTH_LEVELS).long() << 32) | face[owner]
    key = torch.where((z > -1) & (z < 1), key, EMPTY)
    buffer.scatter_reduce_(0, (y * width + x).long(), key, "amin")
    return torch.where(buffer == EMPTY, -1, buffer & 0xFFFFFFFF)


def _enumerate_runs(lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Write out runs: for each element of each run, the run and the place within it."""
    owner = torch.repeat_interleave(lengths)
    start = lengths.cumsum(0) - lengths
    return owner, torch.arange(owner.numel(), device=lengths.device) - start[owner]


def _depth_planes(corners: Tensor) -> tuple[Tensor, Tensor]:
    """z = c0 + c1 x + c2 y over each triangle, (F, 3), and whether it has any area, (F,)."""
    a, u, v = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]
    slope_x = (u[:, 2] * v[:, 1] - u[:, 1] * v[:, 2]) / area
    slope_y = (u[:, 0] * v[:, 2] - u[:, 2] * v[:, 0]) / area
    constant = a[:, 2] - slope_x * a[:, 0] - slope_y * a[:, 1]
    return torch.stack([constant, slope_x, slope_y], 1), area != 0


def _spans(
    points: Tensor, faces: Tensor, owner: Tensor, y: Tensor, width: int
) -> tuple[Tensor, Tensor]:
    """First pixel of each row of each triangle, and the one after its last.

    Args:
        owner: (R,) the triangle of each row.
        y: (R,) the row.
    """
    i, j = faces[:, [1, 2, 0]], faces[:, [2, 0, 1]]
    start, end = points[torch.minimum(i, j)], points[torch.maximum(i, j)]
    rise = end[..., 1] - start[..., 1]
    slope = (end[..., 0] - start[..., 0]) / torch.where(rise == 0, 1.0, rise)
    low, high = torch.minimum(start[..., 1], end[..., 1]), torch.maximum(start[..., 1], end[..., 1])
    row = y[:, None]
    crossing = start[..., 0][owner] + (row - start[..., 1][owner]) * slope[owner]
    is_hit = (low[owner] <= row) & (row < high[owner])
    left = torch.where(is_hit, crossing, torch.inf).amin(1).ceil().clamp(0, width)
    right = torch.where(is_hit, crossing, -torch.inf).amax(1).ceil().clamp(0, width)
    return left, right
