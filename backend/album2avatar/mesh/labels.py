"""Labels on a surface with smooth borders."""

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.linked import linked_pieces
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh

AGREEING_ROUNDS = 2
"""Rounds in which a vertex takes over what its neighbours say; specks of a few vertices go."""
FAIRING_ROUNDS = 2
"""Rounds that make borders smooth; many more would close a narrow opening."""


def faired_labels(labels: Tensor, count: int, fixed: Tensor, edges: EdgeTable) -> Tensor:
    """Shares of labels whose borders run smoothly, (V, `count`), rows sum to 1.

    Args:
        labels: (V,) int64 below `count`.
        fixed: (V,) bool, vertices that keep their label.
    """
    whole = F.one_hot(labels, count).float()
    shares = whole
    for _ in range(AGREEING_ROUNDS):
        shares = shares + uniform_laplacian(shares, edges)
    # Whole labels are faired, not shares: a border would move towards the less certain one.
    shares = F.one_hot(shares.argmax(1), count).float()
    for _ in range(FAIRING_ROUNDS):
        shares = shares + uniform_laplacian(shares, edges)
    # Only now: a label that can't yield would take ring after ring of those beside it.
    return torch.where(fixed[:, None], whole, shares)


def without_islands(labels: Tensor, fixed: Tensor, mesh: Mesh, least: float) -> Tensor:
    """Labels (V,) in which small islands have the label of what lies around them.

    Args:
        fixed: (V,) bool; an island with such a vertex stays.
        least: square metres below which an island is small.
    """
    ends = edge_table(mesh.faces).vertices
    island = _islands(labels, ends)
    area = face_areas(mesh) / 3
    areas = torch.zeros(int(island.max()) + 1)
    areas.index_add_(0, island[mesh.faces.flatten()], area.repeat_interleave(3))
    areas[island[fixed]] = torch.inf
    result = labels.clone()
    both = torch.cat([ends, ends.flip(1)])
    leaving = both[island[both[:, 0]] != island[both[:, 1]]]
    for number in areas.argsort().tolist():
        if areas[number] >= least:
            break
        around = leaving[island[leaving[:, 0]] == number, 1]
        if len(around):
            result[island == number] = result[around].mode().values
    return result


def _islands(labels: Tensor, ends: Tensor) -> Tensor:
    """(V,) int64, number of each vertex's connected piece of one label."""
    same = ends[labels[ends[:, 0]] == labels[ends[:, 1]]].numpy()
    return torch.from_numpy(linked_pieces(same, len(labels)))
