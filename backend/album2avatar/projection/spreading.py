"""Carrying what is known of some vertices over the rest of the surface."""

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.topology import EdgeTable

_LEAST = 1e-6
"""Weight of the mean of an asset, which decides on pieces of the surface where nothing is known; 0
where nothing of the whole asset is."""


def spread_values(
    edges: EdgeTable, assets: Tensor, values: Tensor, weights: Tensor, fading: float
) -> Tensor:
    """The smoothest values that agree with the known ones, (V, C); nothing crosses assets.

    Least squares: weights · |x - values|² + Σ over edges |x_i - x_j|² + fading · |x|².

    Args:
        edges: of the mesh.
        assets: (V,) int64.
        values: (V, C), known as far as the weights say.
        weights: (V,) at least 0; 1 is as strong as one edge.
        fading: pulls to 0 what is far from anything known; the reach is about 1 / sqrt(fading)
            edges.
    """
    pairs = edges.vertices.cpu().numpy()
    owners = assets.cpu().numpy()
    pairs = pairs[owners[pairs[:, 0]] == owners[pairs[:, 1]]]
    known = weights.double().cpu().numpy()
    target = values.double().cpu().numpy()
    pull = known + fading
    right = known[:, None] * target
    if fading == 0:
        pull = pull + _LEAST
        right = right + _LEAST * _asset_means(owners, target, known)
    laplacian = graph_laplacian(pairs, len(owners))
    solved = splu((laplacian + sparse.diags(pull)).tocsc()).solve(right)
    return torch.from_numpy(solved).to(values)


def _asset_means(owners: np.ndarray, values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    means = np.zeros_like(values)
    for asset in np.unique(owners):
        own = owners == asset
        total = weights[own].sum()
        if total > 0:
            means[own] = (weights[own, None] * values[own]).sum(0) / total
    return means
