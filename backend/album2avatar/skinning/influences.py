"""Smoothing of skinning weights, and their reduction to a few per vertex."""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import shortest_path
from torch import Tensor

from album2avatar.body.joints import fitted_joints
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh

_CONSIDERED = 8
"""Weights below the kept ones that are handed on; the rest is dust."""


def smoothed(weights: Tensor, mesh: Mesh, edges: EdgeTable, steps: int) -> Tensor:
    """Average the weights (V, J) with their neighbours' `steps` times.

    Where edges are long, as in a coarse mesh, a pass would reach farther than a joint is
    wide; such vertices are moved less.
    """
    start, end = edges.vertices.unbind(-1)
    length = (mesh.vertices[start] - mesh.vertices[end]).norm(dim=-1)
    summed = torch.zeros(len(weights)).index_add(0, start, length).index_add(0, end, length)
    degree = torch.bincount(edges.vertices.flatten(), minlength=len(weights)).clamp(min=1)
    share = 0.5 * (0.006 / (summed / degree).clamp(min=1e-6)).clamp(max=1.0)[:, None]
    for _ in range(steps):
        weights = weights + share * uniform_laplacian(weights, edges)
    return weights


def strongest(weights: Tensor, count: int, distances: Tensor) -> Tensor:
    """Keep the `count` largest weights of each row; the others go to the bones next to theirs.

    A thigh's twist bone goes to the same thigh, so that a skirt keeps its balance between
    left and right. Spreading it over all that is kept would move neighbours apart.

    Args:
        weights: (V, J) not negative.
        distances: (J, J) bones between each two bones, from `bone_distances`.

    Returns:
        (V, J), rows sum to 1.
    """
    seen = min(count + _CONSIDERED, weights.shape[1])
    values, bones = weights.topk(seen, dim=-1)
    kept, owners = values[:, :count].clone(), bones[:, :count]
    for rank in range(count, seen):
        to_kept = distances[bones[:, rank : rank + 1].expand_as(owners), owners]
        nearest = (to_kept - 1e-3 * values[:, :count]).argmin(-1, keepdim=True)
        kept.scatter_add_(1, nearest, values[:, rank : rank + 1])
    kept = kept / kept.sum(-1, keepdim=True)
    return torch.zeros_like(weights).scatter(1, owners, kept)


def bone_distances(parents: Sequence[int]) -> Tensor:
    """How many bones lie between each two bones of a skeleton, (J, J) float."""
    count = len(parents)
    above = np.array(parents)
    children = np.flatnonzero(above >= 0)
    ends = (children, above[children])
    graph = coo_matrix((np.ones(len(children)), ends), shape=(count, count))
    return torch.from_numpy(shortest_path(graph, directed=False, unweighted=True)).float()


def gathered(weights: Tensor, names: Sequence[str], parents: Sequence[int], kind: str) -> Tensor:
    """Give the weights (V, J) of helper bones to the articulated bones that carry them.

    Far from the body it makes no difference which part of a thigh cloth follows, and it
    leaves room among the four influences for the other thigh.
    """
    articulated = {joint.bone for joint in fitted_joints(kind)}

    def carrier(bone: int) -> int:
        while parents[bone] >= 0 and names[bone] not in articulated:
            bone = parents[bone]
        return bone

    carriers = torch.tensor([carrier(bone) for bone in range(len(names))])
    return torch.zeros_like(weights).index_add(1, carriers, weights)
