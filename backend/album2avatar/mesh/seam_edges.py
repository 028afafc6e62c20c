"""Edges along which a surface is cut for its texture."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.mesh.topology import corners_at_ends, edge_table
from album2avatar.mesh.types import UvMap


@dataclass(frozen=True)
class SeamEdges:
    """S edges that the texture shows twice."""

    vertices: Tensor
    """(S, 2) int64, their ends on the mesh."""
    sides: Tensor
    """(S, 2 faces, 2 ends, 2) texture coordinates on either face, the ends in the same order."""
    faces: Tensor
    """(S, 2) int64, the faces on both sides."""
    runs_along: Tensor
    """(S,) bool, the first face goes from the first end to the second."""


def seam_edges(faces: Tensor, uv: UvMap) -> SeamEdges:
    """Find the edges whose two faces (F, 3) lie apart in the texture."""
    table = edge_table(faces)
    inner = (table.faces >= 0).all(1)
    ends, owners = table.vertices[inner], table.faces[inner]
    corner = corners_at_ends(faces, owners, ends)
    sides = uv.coordinates[uv.faces[owners].gather(2, corner)]
    is_seam = (sides[:, 0] != sides[:, 1]).any(2).any(1)
    ends, first = ends[is_seam], faces[owners[is_seam, 0]]
    start = (first == ends[:, :1]).int().argmax(1)
    following = first.gather(1, ((start + 1) % 3)[:, None])[:, 0]
    return SeamEdges(ends, sides[is_seam], owners[is_seam], following == ends[:, 1])


def evenly_along(lengths: Tensor, spacing: float, least: int) -> tuple[Tensor, Tensor]:
    """Strew places along edges (E,), at most `spacing` apart and at least `least` on each.

    Returns:
        (N,) int64, the edge of each place; (N,) of `lengths`' type, 0..1, how far along it.
    """
    counts = (lengths / spacing).ceil().long().clamp(min=least)
    edge = torch.repeat_interleave(torch.arange(len(counts), device=lengths.device), counts)
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    number = torch.arange(len(edge), device=lengths.device) - first
    return edge, ((number + 0.5) / counts[edge]).to(lengths.dtype)
