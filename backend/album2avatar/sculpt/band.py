"""The band of tetrahedra around the body in which the surface is looked for."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_matrix, csr_matrix
from torch import Tensor

from album2avatar.attire.shape import ClothField
from album2avatar.mesh.marching import LatticeEdges, lattice_edges
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import TetrahedralMesh, boundary_vertices
from album2avatar.sculpt.template import Template

SHEET_SHARE = 0.5
"""Half of a described sheet's thickness in lattice edges: thinner ones would fall through it."""
_WEIGHT_SMOOTHING = 30
"""Rounds in which places away from the body take the mean of their neighbours' weights, so
that cloth between the legs doesn't tear where the nearest leg changes."""
_WEIGHT_FADE = 0.04
"""Metres from the body at which the weights are wholly smoothed."""


@dataclass(frozen=True)
class Band:
    """A lattice around the body, with what the body says about each of its N vertices."""

    lattice: TetrahedralMesh
    edges: LatticeEdges
    body_distance: Tensor
    """(N,) metres, positive outside of the body."""
    fixed: Tensor
    """(N,) bool: on the band's rim, where the sign must not change."""
    weights: Tensor
    """(N, J) skinning weights."""
    freedom: Tensor
    """(N,) see `Template.freedom`."""
    cover: Tensor
    """(N,) metres, see `Template.cover`."""
    neighbor_count: Tensor
    """(N,) float, edges at each vertex."""
    spacing: Tensor
    """(N,) metres, mean length of these edges."""
    described: Tensor
    """(N,) metres, signed distance to cloth that words describe; infinite without any."""


def band_of(lattice: TetrahedralMesh, template: Template, described: ClothField) -> Band:
    """Evaluate the body and described cloth at a lattice's vertices."""
    vertices, tetrahedra = lattice.vertices, lattice.tetrahedra
    closest = DistanceField(template.surface).closest_signed(vertices)
    edges = lattice_edges(tetrahedra)
    weights = smooth_weights(
        closest.interpolate(template.weights), closest.signed_distance, edges.vertices
    )
    neighbor_count, mean_length = neighborhoods(vertices, edges.vertices)
    cloth = described.distance(vertices, SHEET_SHARE * mean_length)
    freedom = closest.interpolate(template.freedom[:, None]).squeeze(1)
    return Band(
        lattice,
        edges,
        closest.signed_distance,
        boundary_vertices(tetrahedra),
        weights,
        # A brim before the face is not the face's.
        torch.where(cloth < closest.signed_distance, 1.0, freedom),
        closest.interpolate(template.cover[:, None]).squeeze(1),
        neighbor_count,
        mean_length,
        cloth,
    )


def neighborhoods(vertices: Tensor, edges: Tensor) -> tuple[Tensor, Tensor]:
    """Number of edges (N,) at each vertex, and their mean length (N,) in metres."""
    length = torch.linalg.vector_norm(vertices[edges[:, 0]] - vertices[edges[:, 1]], dim=1)
    count, total = torch.zeros_like(vertices[:, 0]), torch.zeros_like(vertices[:, 0])
    for side in (0, 1):
        count.index_add_(0, edges[:, side], torch.ones_like(length))
        total.index_add_(0, edges[:, side], length)
    return count, total / count


def smooth_weights(weights: Tensor, distance: Tensor, edges: Tensor) -> Tensor:
    """Spread skinning weights evenly where the body is far.

    Args:
        weights: (N, J), rows sum to 1.
        distance: (N,) metres from the body.
        edges: (E, 2) int64 between neighbours.

    Returns:
        (N, J), rows sum to 1; unchanged on the body.
    """
    count = len(weights)
    start, end = edges.cpu().numpy().T
    ones = np.ones(len(start), np.float32)
    one_way = coo_matrix((ones, (start, end)), (count, count))
    neighbours: csr_matrix = (one_way + one_way.T).tocsr()
    degree = np.asarray(neighbours.sum(axis=1), np.float32)
    share = (distance.abs() / _WEIGHT_FADE).clamp(0, 1).cpu().numpy()[:, None]
    original = weights.cpu().numpy()
    smoothed = original
    for _ in range(_WEIGHT_SMOOTHING):
        mean = (neighbours @ smoothed) / np.maximum(degree, 1.0)
        smoothed = (1 - share) * original + share * mean
    return torch.from_numpy(smoothed.astype(np.float32)).to(weights)
