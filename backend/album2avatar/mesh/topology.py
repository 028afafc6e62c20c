"""Which faces meet at which edge."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class EdgeTable:
    """Every edge of a triangle mesh once."""

    vertices: Tensor
    """(E, 2) int64, the edge's ends, smaller index first."""
    opposite: Tensor
    """(E, 2) int64, the vertex across the edge in each of its faces; the second is -1 where
    the mesh ends, or where more than two faces meet."""
    faces: Tensor
    """(E, 2) int64, the faces themselves; -1 as above."""


def edge_table(faces: Tensor) -> EdgeTable:
    """Find the edges of a triangle mesh.

    Args:
        faces: (F, 3) int.

    Returns:
        Edges sorted by their vertices.
    """
    corners = faces.long()
    ends = torch.stack([corners[:, [1, 2]], corners[:, [2, 0]], corners[:, [0, 1]]], 1)
    ends = ends.reshape(-1, 2)
    low, high = ends.amin(1), ends.amax(1)
    stride = int(corners.max()) + 1 if corners.numel() else 1
    keys, order = (low * stride + high).sort(stable=True)
    across = corners.reshape(-1)[order]
    owner = torch.div(order, 3, rounding_mode="floor")

    is_first = torch.ones_like(keys, dtype=torch.bool)
    is_first[1:] = keys[1:] != keys[:-1]
    first = is_first.nonzero().squeeze(1)
    count = torch.diff(first, append=first.new_tensor([keys.numel()]))
    second = (first + 1).clamp(max=max(keys.numel() - 1, 0))
    has_two = count == 2
    edge = order[first]
    return EdgeTable(
        vertices=torch.stack([low[edge], high[edge]], 1),
        opposite=torch.stack([across[first], torch.where(has_two, across[second], -1)], 1),
        faces=torch.stack([owner[first], torch.where(has_two, owner[second], -1)], 1),
    )


def corners_at_ends(faces: Tensor, owners: Tensor, ends: Tensor) -> Tensor:
    """Which corner, 0 to 2, each face of an edge has at each end, (E, 2 faces, 2 ends) int64.

    Args:
        faces: (F, 3).
        owners: (E, 2) faces of edges that have two.
        ends: (E, 2) vertices.
    """
    return (faces[owners][:, :, None, :] == ends[:, None, :, None]).int().argmax(3)
