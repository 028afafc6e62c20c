"""Filling in skinning weights where the body doesn't say what to follow."""

from typing import Any

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.mesh.laplacian import cotangent_weights
from album2avatar.mesh.linked import linked_pieces
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh

_STIFFNESS = 0.1
"""Share of the membrane next to the thin plate; the plate alone overshoots below 0."""


def inpaint(mesh: Mesh, edges: EdgeTable, weights: Tensor, trusted: Tensor) -> Tensor:
    """Spread the trusted vertices' weights over the others as smoothly as the mesh allows.

    A piece of the mesh without a trusted vertex moves as one: it takes the mean of its own
    weights.

    Args:
        weights: (V, J) rows sum to 1.
        trusted: (V,) bool, vertices whose weights stay.

    Returns:
        (V, J) rows sum to 1, none negative.
    """
    result = weights.double().numpy().copy()
    known = trusted.numpy().copy()
    pieces = linked_pieces(edges.vertices.numpy(), len(weights))
    for piece in np.setdiff1d(pieces, pieces[known]):
        members = pieces == piece
        result[members] = result[members].mean(0)
        known[members] = True
    if not known.all():
        energy = _smoothness(mesh, edges)
        unknown = ~known
        bones = np.flatnonzero(result[known].sum(0) > 0)
        right = -energy[unknown][:, known] @ result[np.ix_(known, bones)]
        solved = splu(energy[unknown][:, unknown].tocsc()).solve(np.ascontiguousarray(right))
        result[unknown] = 0
        result[np.ix_(unknown, bones)] = np.clip(solved, 0, None)
    result /= result.sum(1, keepdims=True)
    return torch.from_numpy(result).to(weights.dtype)


def _smoothness(mesh: Mesh, edges: EdgeTable) -> Any:
    """Sparse (V, V) energy of a field on the mesh: thin plate plus a little membrane."""
    count = len(mesh.vertices)
    start, end = edges.vertices.numpy().T
    # The floor keeps slivers from cutting the surface into pieces that don't feel each other.
    strength = cotangent_weights(mesh.vertices.double(), edges).clamp(min=1e-3, max=1e3).numpy()
    rows = np.concatenate([start, end, start, end])
    columns = np.concatenate([end, start, start, end])
    values = np.concatenate([-strength, -strength, strength, strength])
    laplacian = sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
    corners = mesh.vertices.double()[mesh.faces]
    double_area = torch.linalg.cross(
        corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    ).norm(dim=-1)
    mass = torch.zeros(count, dtype=torch.float64)
    mass = mass.index_add(0, mesh.faces.flatten(), (double_area / 6).repeat_interleave(3))
    mass = mass.clamp(min=float(mass.mean()) * 1e-3).numpy()
    plate = laplacian @ sparse.diags(1 / mass) @ laplacian
    scale = plate.diagonal().mean() / laplacian.diagonal().mean()
    return (plate + _STIFFNESS * scale * laplacian).tocsr()
