"""Where a mesh passes through itself."""

import torch
from torch import Tensor

from album2avatar.mesh.overlap_kernels import overlapping_boxes
from album2avatar.mesh.types import Mesh

_ROUNDING = 1e-13
"""Share of the cube of the longest side below which a volume counts as nothing."""
_CHUNK = 200_000
"""Pairs that are tested at a time."""


def crossing_faces(mesh: Mesh) -> Tensor:
    """Pairs of faces that cross, (P, 2) int64, the smaller number first, in rising order.

    Two faces cross where an edge of one passes through the other. Faces that share an edge
    never do; such that share a vertex do where they meet elsewhere too. Faces that only touch,
    or overlap in one plane, don't cross.
    """
    if mesh.faces.shape[0] == 0:
        return mesh.faces.new_zeros(0, 2)
    corners = mesh.vertices.detach()[mesh.faces]
    pairs = overlapping_boxes(corners.amin(dim=1), corners.amax(dim=1))
    crossing = [_cross(mesh, part) for part in pairs.split(_CHUNK)]
    return pairs[torch.cat(crossing)] if crossing else pairs


def is_crossing(mesh: Mesh) -> Tensor:
    """Mark the faces (F,) bool that cross another one."""
    marked = torch.zeros(len(mesh.faces), dtype=torch.bool, device=mesh.faces.device)
    marked[crossing_faces(mesh).reshape(-1)] = True
    return marked


def _cross(mesh: Mesh, pairs: Tensor) -> Tensor:
    """(P,) bool."""
    first, second = mesh.faces[pairs[:, 0]], mesh.faces[pairs[:, 1]]
    shared = (first[:, :, None] == second[:, None, :]).sum(dim=(1, 2))
    rows = (shared < 2).nonzero().squeeze(1)
    result = torch.zeros(len(pairs), dtype=torch.bool, device=pairs.device)
    first, second = first[rows], second[rows]
    result[rows] = _pierces(mesh.vertices, first, second) | _pierces(mesh.vertices, second, first)
    return result


def _pierces(vertices: Tensor, piercing: Tensor, pierced: Tensor) -> Tensor:
    """Say of faces (P, 3) whether one of their edges passes through others (P, 3)."""
    places = vertices.detach().double()
    triangle = places[pierced]
    longest = torch.maximum(_extent(triangle), _extent(places[piercing]))
    nothing = _ROUNDING * longest**3
    found = torch.zeros(len(pierced), dtype=torch.bool, device=pierced.device)
    for corner in range(3):
        ends = piercing[:, [corner, (corner + 1) % 3]]
        # An edge that starts at a corner of the other face meets it there, and nowhere else.
        is_apart = (ends[:, :, None] != pierced[:, None, :]).all(dim=2).all(dim=1)
        start, end = places[ends[:, 0]], places[ends[:, 1]]
        above, below = _volume(triangle, start), _volume(triangle, end)
        is_through = (above.abs() > nothing) & (below.abs() > nothing) & (above * below < 0)
        turns = torch.stack([_turn(triangle, k, start, end) for k in range(3)], dim=1)
        is_inside = (turns >= -nothing[:, None]).all(dim=1) | (turns <= nothing[:, None]).all(dim=1)
        found |= is_apart & is_through & is_inside
    return found


def _extent(corners: Tensor) -> Tensor:
    return (corners.amax(dim=1) - corners.amin(dim=1)).amax(dim=1)


def _volume(triangle: Tensor, point: Tensor) -> Tensor:
    """Six times the signed volume (P,) between triangles (P, 3, 3) and points (P, 3)."""
    a, b, c = triangle.unbind(dim=1)
    return (torch.linalg.cross(b - a, c - a) * (point - a)).sum(dim=1)


def _turn(triangle: Tensor, side: int, start: Tensor, end: Tensor) -> Tensor:
    """On which side of a segment (P, 3) to (P, 3) a side of the triangles runs, (P,)."""
    a, b = triangle[:, side], triangle[:, (side + 1) % 3]
    return (torch.linalg.cross(a - start, b - start) * (end - start)).sum(dim=1)
