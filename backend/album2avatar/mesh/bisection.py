"""Finer tetrahedra where they are asked for, without hanging nodes."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.mesh.marching import TETRAHEDRON_EDGES, LatticeEdges
from album2avatar.mesh.tetrahedra import TetrahedralMesh


@dataclass(frozen=True)
class BisectedMesh:
    """A tetrahedral mesh of which some edges were cut in the middle."""

    mesh: TetrahedralMesh
    """The given vertices first."""
    parents: Tensor
    """(M, 2) int64, the given vertices between which each of the M added ones lies."""

    def interpolate(self, values: Tensor) -> Tensor:
        """Values (N, ...) of the given vertices at all vertices, (N + M, ...)."""
        return torch.cat([values, (values[self.parents[:, 0]] + values[self.parents[:, 1]]) / 2])


def edges_of(edges: LatticeEdges, chosen: Tensor) -> Tensor:
    """Mark the edges (E,) bool of the chosen tetrahedra (T,) bool: cut all, and each of them
    falls into eight."""
    marked = torch.zeros(len(edges.vertices), dtype=torch.bool, device=chosen.device)
    marked[edges.of_tetrahedra[chosen].reshape(-1)] = True
    return marked


def bisected(vertices: Tensor, edges: LatticeEdges, marked: Tensor) -> BisectedMesh:
    """Cut the marked edges in the middle.

    A tetrahedron is cut at the longest of its marked edges first, its halves at the longest
    that is left in them. Edges of equal length go by their number, so that the order is the
    same for all tetrahedra around a face: they cut it in the same way.

    Args:
        vertices: (N, 3) metres.
        edges: of the tetrahedra.
        marked: (E,) bool.

    Source: Rivara 1984, "Algorithms for refining triangular grids suitable for adaptive and
    multigrid techniques", carried to tetrahedra.
    """
    ends = edges.vertices[marked]
    length = torch.linalg.vector_norm(vertices[ends[:, 0]] - vertices[ends[:, 1]], dim=1)
    order = length.argsort(descending=True, stable=True)
    count = len(ends)
    # The longest marked edge ranks highest; an edge that isn't marked, below all.
    rank = torch.full((len(marked),), -1, device=marked.device)
    of_marked = torch.empty(count, dtype=torch.int64, device=marked.device)
    of_marked[order] = torch.arange(count - 1, -1, -1, device=marked.device)
    rank[marked] = of_marked
    middle = torch.empty_like(of_marked)
    middle[of_marked] = len(vertices) + torch.arange(count, device=marked.device)

    tetrahedra, ranks = edges.tetrahedra, rank[edges.of_tetrahedra]
    while bool((is_cut := ranks.amax(dim=1) >= 0).any()):
        halves = _halves(tetrahedra[is_cut], ranks[is_cut], middle)
        tetrahedra = torch.cat([tetrahedra[~is_cut], halves[0]])
        ranks = torch.cat([ranks[~is_cut], halves[1]])
    middles = (vertices[ends[:, 0]] + vertices[ends[:, 1]]) / 2
    return BisectedMesh(TetrahedralMesh(torch.cat([vertices, middles]), tetrahedra), ends)


def _halves(tetrahedra: Tensor, ranks: Tensor, middle: Tensor) -> tuple[Tensor, Tensor]:
    """Cut tetrahedra (K, 4) with edges of `ranks` (K, 6) at the highest: (2 K, 4) and (2 K, 6).

    Args:
        middle: vertex number of the middle of the edge of each rank.
    """
    corners = torch.tensor(TETRAHEDRON_EDGES, device=tetrahedra.device)
    touches = (corners[:, :, None] == torch.arange(4, device=corners.device)).any(dim=1)  # (6, 4)
    highest, edge = ranks.max(dim=1)
    rows = torch.arange(len(tetrahedra), device=tetrahedra.device)
    halves: list[Tensor] = []
    their_ranks: list[Tensor] = []
    for side in (0, 1):
        replaced = corners[edge, side]
        half = tetrahedra.clone()
        # The middle takes the corner's place, so that the volume stays positive.
        half[rows, replaced] = middle[highest]
        halves.append(half)
        their_ranks.append(torch.where(touches[:, replaced].T, -1, ranks))
    return torch.cat(halves), torch.cat(their_ranks)
