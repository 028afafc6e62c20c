"""Tetrahedra of a body-centred cubic lattice, in any set of its cubes."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TetrahedralMesh:
    """Tetrahedra in space."""

    vertices: Tensor
    """(N, 3) float32, metres."""
    tetrahedra: Tensor
    """(T, 4) int64, positive volume."""


def lattice_tetrahedra(cells: Tensor) -> tuple[Tensor, Tensor]:
    """Fill cubes of a grid with the tetrahedra of a body-centred cubic lattice.

    A tetrahedron spans the centres of two cubes that share a face and one edge of that
    face; it is made where both cubes are given. All of them have the same shape.

    Args:
        cells: (C, 3) int64 cube indices, each once.

    Returns:
        Lattice points (N, 3) int64 in half cubes (corners even, centres odd), sorted, and
        tetrahedra (T, 4) int64 of positive volume.

    Source: Labelle and Shewchuk 2007, "Isosurface stuffing", section 3.
    """
    parts = [_tetrahedra_across(cells, axis) for axis in range(3)]
    corners = torch.cat(parts).reshape(-1, 3)
    lowest = corners.amin(dim=0)
    extent = corners.amax(dim=0) - lowest + 1
    shifted = corners - lowest
    keys = (shifted[:, 0] * extent[1] + shifted[:, 1]) * extent[2] + shifted[:, 2]
    unique, inverse = torch.unique(keys, return_inverse=True)
    plane = extent[1] * extent[2]
    points = torch.stack([unique // plane, unique % plane // extent[2], unique % extent[2]], dim=1)
    return points + lowest, inverse.reshape(-1, 4)


def _tetrahedra_across(cells: Tensor, axis: int) -> Tensor:
    """Corners (K, 4, 3) of the tetrahedra around the spines along one axis."""
    unit = torch.eye(3, dtype=torch.int64, device=cells.device)
    along, side, other = unit[axis], unit[(axis + 1) % 3], unit[(axis + 2) % 3]
    first = cells[_contains(cells, cells + along)]
    spine = [2 * first + 1, 2 * (first + along) + 1]
    ring = [first + along + step for step in (0 * side, side, side + other, other)]
    wedges = [
        torch.stack([*spine, 2 * ring[corner], 2 * ring[(corner + 1) % 4]], dim=1)
        for corner in range(4)
    ]
    return torch.cat(wedges)


def _contains(cells: Tensor, wanted: Tensor) -> Tensor:
    """Say of each wanted cell (C, 3) whether it is among `cells`."""
    lowest = torch.minimum(cells.amin(dim=0), wanted.amin(dim=0))
    extent = torch.maximum(cells.amax(dim=0), wanted.amax(dim=0)) - lowest + 1
    factors = torch.stack([extent[1] * extent[2], extent[2], torch.ones_like(extent[2])])
    return torch.isin(
        ((wanted - lowest) * factors).sum(dim=1), ((cells - lowest) * factors).sum(dim=1)
    )


def boundary_vertices(tetrahedra: Tensor) -> Tensor:
    """Mark the vertices on faces that belong to one tetrahedron only.

    Args:
        tetrahedra: (T, 4) int64.

    Returns:
        (N,) bool over the vertices up to the largest index used.
    """
    faces = torch.cat([tetrahedra[:, [c for c in range(4) if c != k]] for k in range(4)])
    count = int(tetrahedra.max()) + 1
    ordered = faces.sort(dim=1).values
    # Two of three 21-bit indices fit one key with room; lattices stay far below 2 million.
    keys = (ordered[:, 0] * count + ordered[:, 1]) * count + ordered[:, 2]
    _, inverse, times = torch.unique(keys, return_inverse=True, return_counts=True)
    marked = torch.zeros(count, dtype=torch.bool, device=tetrahedra.device)
    marked[faces[times[inverse] == 1].reshape(-1)] = True
    return marked
