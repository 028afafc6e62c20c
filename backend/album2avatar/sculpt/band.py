"""The band of tetrahedra around the body in which the surface is looked for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.sparse import coo_matrix, csr_matrix
from torch import Tensor

from album2avatar.attire.shape import ClothField
from album2avatar.mesh.magnification import demagnify, magnify
from album2avatar.mesh.marching import LatticeEdges, lattice_edges
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import TetrahedralMesh, boundary_vertices, lattice_tetrahedra
from album2avatar.sculpt.photos import MaskedPhoto, may_be_person
from album2avatar.sculpt.template import Template

NEAR_OUTSIDE = 0.03
"""Metres outside of the body that always belong to the band, whatever the masks say."""
NEAR_INSIDE = 0.02
"""Metres inside of the body that belong to it."""
MASK_MARGIN = 0.04
"""Metres beside the masks that still belong to it: how wrong a fitted pose may be."""
DESCRIBED_MARGIN = 0.04
"""Metres beside described cloth that belong to it, for the prior to shape."""
SHEET_SHARE = 0.5
"""Half of a described sheet's thickness in lattice edges: thinner ones would fall through it."""
_BLOCK = 4
"""Cells along a block's side; whole blocks that are too far away are dropped first."""
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


def build_band(
    template: Template,
    photos: Sequence[MaskedPhoto],
    described: ClothField,
    cells: int,
    outward_reach: float,
) -> Band:
    """Fill the neighbourhood of the body with tetrahedra.

    The band is narrow where the masks say that nothing is beside the body, and as wide as
    `outward_reach` where they leave room for clothes and hair, or where words describe some.

    Args:
        described: cloth that no mask needs to show.
        cells: lattice cubes along the body's height.
        outward_reach: metres.
    """
    field = DistanceField(template.surface)
    tall = template.surface.vertices[:, 2].amax() - template.surface.vertices[:, 2].amin()
    spacing = float(tall) / cells
    origin, chosen = _choose_cells(template, field, photos, described, spacing, outward_reach)
    points, tetrahedra = lattice_tetrahedra(chosen)
    vertices = demagnify(origin + points * (spacing / 2), template.magnifiers)
    closest = field.closest(vertices)
    edges = lattice_edges(tetrahedra)
    weights = smooth_weights(
        closest.interpolate(template.weights), closest.signed_distance, edges.vertices
    )
    neighbor_count, mean_length = neighborhoods(vertices, edges.vertices)
    cloth = described.distance(vertices, SHEET_SHARE * mean_length)
    freedom = closest.interpolate(template.freedom[:, None]).squeeze(1)
    return Band(
        TetrahedralMesh(vertices, tetrahedra),
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


def _choose_cells(
    template: Template,
    field: DistanceField,
    photos: Sequence[MaskedPhoto],
    described: ClothField,
    spacing: float,
    outward_reach: float,
) -> tuple[Tensor, Tensor]:
    """Origin (3,) of the grid in enlarged space, and the chosen cells (C, 3) int64."""
    enlarged = magnify(template.surface.vertices, template.magnifiers)
    origin = enlarged.amin(dim=0) - outward_reach - 2 * spacing
    extent = enlarged.amax(dim=0) + outward_reach + 2 * spacing - origin
    blocks = torch.cartesian_prod(
        *[torch.arange(math.ceil(float(side) / (spacing * _BLOCK))) for side in extent]
    ).to(origin.device)

    centres = _centres(template, origin, blocks, spacing * _BLOCK)
    radius = _radius(template, origin, blocks, spacing * _BLOCK)
    distance = field.closest(centres).signed_distance
    near = (distance < outward_reach + radius) & (distance > -NEAR_INSIDE - 2 * radius)
    offsets = torch.cartesian_prod(*[torch.arange(_BLOCK)] * 3).to(origin.device)
    cells = (blocks[near][:, None] * _BLOCK + offsets).reshape(-1, 3)

    centres = _centres(template, origin, cells, spacing)
    radius = _radius(template, origin, cells, spacing)
    closest = field.closest(centres)
    distance = closest.signed_distance
    deep_enough = distance > -NEAR_INSIDE - 2 * radius
    chosen = deep_enough & (distance < torch.maximum(torch.tensor(NEAR_OUTSIDE), 2 * radius))
    wide = deep_enough & ~chosen & (distance < outward_reach)
    weights = closest.interpolate(template.weights)[wide]
    room = described.distance(centres[wide], radius[wide]) < DESCRIBED_MARGIN
    if photos:
        room |= may_be_person(centres[wide], weights, photos, MASK_MARGIN)
    chosen[wide] = room
    return origin, cells[chosen]


def _centres(template: Template, origin: Tensor, cells: Tensor, size: float) -> Tensor:
    return demagnify(origin + (cells + 0.5) * size, template.magnifiers)


def _radius(template: Template, origin: Tensor, cells: Tensor, size: float) -> Tensor:
    """Metres from a cell's centre to its corners, at most, after enlarging is undone."""
    middle = origin + (cells + 0.5) * size
    half = [
        torch.linalg.vector_norm(
            demagnify(middle + axis, template.magnifiers)
            - demagnify(middle - axis, template.magnifiers),
            dim=1,
        )
        for axis in torch.eye(3, device=origin.device) * (size / 2)
    ]
    return torch.stack(half).amax(dim=0) * (math.sqrt(3) / 2)


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
