"""Marching tetrahedra: the zero surface of a signed distance given at lattice vertices."""

import itertools
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows

TETRAHEDRON_EDGES: tuple[tuple[int, int], ...] = tuple(itertools.combinations(range(4), 2))
"""Corner pairs of a tetrahedron's six edges."""


@dataclass(frozen=True)
class LatticeEdges:
    """The edges of a lattice, found once and used in every march."""

    tetrahedra: Tensor
    """(T, 4) int64, positive volume."""
    vertices: Tensor
    """(E, 2) int64, the lattice vertices of each edge, the smaller index first."""
    of_tetrahedra: Tensor
    """(T, 6) int64 into `vertices`, in the order of `TETRAHEDRON_EDGES`."""


@dataclass(frozen=True)
class MarchedSurface:
    """A zero surface, as places on the edges of a lattice."""

    faces: Tensor
    """(F, 3) int64, wound so that their normals point outside."""
    edges: Tensor
    """(V, 2) int64, the lattice vertices between which each surface vertex lies."""
    blend: Tensor
    """(V,) float, 0 at the first lattice vertex of the edge, 1 at the second; differentiable
    in the signed distance."""

    def carry(self, values: Tensor) -> Tensor:
        """Interpolate values (N, C) of the lattice vertices at the surface, (V, C).

        With the lattice's positions these are the surface's vertices; with the positions of
        a posed lattice, the posed surface's. Differentiable in the values and the signed
        distance.
        """
        start = gather_rows(values, self.edges[:, 0])
        end = gather_rows(values, self.edges[:, 1])
        return start + self.blend[:, None] * (end - start)


def lattice_edges(tetrahedra: Tensor) -> LatticeEdges:
    """Number the edges of tetrahedra (T, 4) int64 of positive volume."""
    corners = torch.tensor(TETRAHEDRON_EDGES, device=tetrahedra.device)
    pairs = tetrahedra[:, corners].reshape(-1, 2).sort(dim=1).values
    vertex_count = int(tetrahedra.max()) + 1
    keys, inverse = torch.unique(pairs[:, 0] * vertex_count + pairs[:, 1], return_inverse=True)
    first = torch.div(keys, vertex_count, rounding_mode="floor")
    vertices = torch.stack([first, keys % vertex_count], dim=1)
    return LatticeEdges(tetrahedra, vertices, inverse.reshape(-1, 6))


def march(signed_distance: Tensor, edges: LatticeEdges) -> MarchedSurface:
    """Extract the surface at which a signed distance changes sign.

    The surface has no holes where the sign is the same all over the lattice's boundary.

    Args:
        signed_distance: (N,) float, metres, positive outside; zero counts as inside.
        edges: from `lattice_edges`.

    Source: Doi and Koide 1991; Shen et al. 2021 (differentiable form).
    """
    inside = signed_distance.detach() <= 0
    crossed = inside[edges.vertices[:, 0]] != inside[edges.vertices[:, 1]]
    ends = edges.vertices[crossed]
    start = gather_rows(signed_distance, ends[:, 0])
    end = gather_rows(signed_distance, ends[:, 1])
    return MarchedSurface(_faces(inside, crossed, edges), ends, start / (start - end))


def _faces(inside: Tensor, crossed: Tensor, edges: LatticeEdges) -> Tensor:
    """Triangles (F, 3) int64 over the crossed edges, in the order of the tetrahedra."""
    bits = torch.tensor([1, 2, 4, 8], device=inside.device)
    case = (inside[edges.tetrahedra] * bits).sum(dim=1)
    active = ((case > 0) & (case < 15)).nonzero().squeeze(1)
    surface_vertex = torch.cumsum(crossed, dim=0) - 1
    table = _case_table().to(inside.device)
    triangles = table[case[active]]
    corners = triangles.clamp(min=0).reshape(-1, 6)
    lattice_edge = edges.of_tetrahedra[active].gather(1, corners).reshape(-1, 2, 3)
    return surface_vertex[lattice_edge[triangles[:, :, 0] >= 0]]


def _case_table() -> Tensor:
    """Triangles of the sixteen cases, derived from the geometry of one tetrahedron.

    Returns:
        (16, 2, 3) int64 edge numbers; bit i of the case says that corner i is inside;
        -1 where a case has fewer than two triangles.
    """
    corners = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    numbers = {frozenset(edge): number for number, edge in enumerate(TETRAHEDRON_EDGES)}
    table = torch.full((16, 2, 3), -1, dtype=torch.int64)
    for case in range(1, 15):
        inside = [corner for corner in range(4) if case >> corner & 1]
        outside = [corner for corner in range(4) if corner not in inside]
        polygon = _cut_polygon(inside, outside)
        points = [(corners[a] + corners[b]) / 2 for a, b in polygon]
        normal = np.cross(points[1] - points[0], points[2] - points[0])
        if normal @ (corners[outside].mean(axis=0) - corners[inside].mean(axis=0)) < 0:
            polygon.reverse()
        edges = [numbers[frozenset(edge)] for edge in polygon]
        table[case, 0] = torch.tensor(edges[:3])
        if len(edges) == 4:
            table[case, 1] = torch.tensor([edges[0], edges[2], edges[3]])
    return table


def _cut_polygon(inside: list[int], outside: list[int]) -> list[tuple[int, int]]:
    """Corner pairs whose edges the surface cuts, in order around the cut."""
    if len(inside) == 2:
        (a, b), (c, d) = inside, outside
        return [(a, c), (a, d), (b, d), (b, c)]
    lonely, others = (inside[0], outside) if len(inside) == 1 else (outside[0], inside)
    return [(lonely, other) for other in others]
