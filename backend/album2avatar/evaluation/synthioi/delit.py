"""How much light is left in an albedo: what a person's own colours don't explain."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.evaluation.metrics import srgb_to_lab
from album2avatar.evaluation.ray_casting import is_blocked
from album2avatar.mesh.normals import face_areas, vertex_normals
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.projection.light import light_basis
from album2avatar.render.texture import texture
from album2avatar.synthetic.ground_truth import GroundTruth, outer_mask, painted_faces

_DIRECTIONS = 48
"""Of the sky, from which a place is looked for."""
_FAR = 100.0
"""Metres to the sky."""
_SLACK = 0.003
_LEAST_SHARE = 0.002
"""Of the surface; an asset that has less has too few places to tell light from colour."""
_LEAST_VARIANCE = 0.01
"""Squared L* of an asset that has one colour."""
_RIDGE = 1e-9


@dataclass(frozen=True)
class Places:
    """Evenly known places of a surface: the middles of its N faces."""

    normals: Tensor
    """(N, 3) unit."""
    areas: Tensor
    """(N,) square metres."""
    openness: Tensor
    """(N,) 0..1, share of the light from everywhere that reaches it."""
    assets: Tensor
    """(N,) int64."""

    @staticmethod
    def of(mesh: Mesh, face_assets: Tensor) -> "Places":
        """Look at a surface; takes seconds.

        Args:
            face_assets: (F,) int64.
        """
        normals = F.normalize(vertex_normals(mesh.vertices, mesh.faces)[mesh.faces].mean(1), dim=-1)
        middles = mesh.vertices[mesh.faces].mean(1)
        return Places(
            normals,
            face_areas(mesh),
            _openness(mesh, middles, normals),
            face_assets,
        )


def baked_light(mesh: Mesh, uv: UvMap, vertex_assets: Tensor, albedo: Tensor) -> dict[str, float]:
    """How much of an albedo's lightness can be said by light.

    Args:
        vertex_assets: (V,) int64, what each vertex belongs to.
        albedo: (H, W, 3) sRGB 0..1, row 0 at v = 0.

    Returns:
        `baked_light` and `baked_share`, see `explained_lightness`.
    """
    middles = uv.coordinates[uv.faces].mean(1)
    colors = texture(albedo, middles[None, None], "clamp")[0, 0]
    # A face across a border is its first corner's.
    return explained_lightness(Places.of(mesh, vertex_assets[mesh.faces[:, 0]]), colors)


def own_light(truth: GroundTruth) -> dict[str, float]:
    """`baked_light` of the person: what the measure takes for light and is none."""
    colors, labels = painted_faces(truth)
    vertices, faces = (torch.from_numpy(a) for a in (truth.dressed.vertices, truth.dressed.faces))
    is_outer = torch.from_numpy(outer_mask(truth))
    mesh = Mesh(vertices.float(), faces.long()[is_outer])
    places = Places.of(mesh, torch.from_numpy(labels).long()[is_outer])
    return explained_lightness(places, torch.from_numpy(colors).float()[is_outer])


def explained_lightness(places: Places, colors: Tensor) -> dict[str, float]:
    """What a light over each asset would explain of its colours (N, 3), sRGB 0..1.

    Within an asset L* is fitted by spherical harmonics of the normal up to second order, and by the
    openness; least squares by area. A garment's pattern hardly follows the normals, light does.

    Returns:
        `baked_light`, standard deviation of what is explained, L*; `baked_share`, its share of the
        asset's variance, per cent. Of the middle asset: shoes have soles of another colour, which
        face down.
    """
    lightness = torch.from_numpy(srgb_to_lab(colors.double().numpy())[..., 0])
    causes = torch.cat([light_basis(places.normals), places.openness[:, None]], 1).double()
    areas = places.areas.double()
    found: list[tuple[float, float]] = []
    for asset in places.assets.unique():
        own = places.assets == asset
        share = areas[own] / areas[own].sum()
        if areas[own].sum() < _LEAST_SHARE * areas.sum():
            continue
        away = lightness[own] - (share * lightness[own]).sum()
        explained = (share * _fitted(causes[own], away, share).square()).sum()
        whole = (share * away.square()).sum().clamp(min=_LEAST_VARIANCE)
        found.append((math.sqrt(float(explained)), 100 * float(explained / whole)))
    middle = np.median(np.array(found), 0)
    return {"baked_light": float(middle[0]), "baked_share": float(middle[1])}


def _fitted(causes: Tensor, values: Tensor, areas: Tensor) -> Tensor:
    heard = areas[:, None] * causes
    matrix = causes.T @ heard
    matrix = matrix + _RIDGE * matrix.diagonal().mean() * torch.eye(len(matrix)).to(matrix)
    return causes @ torch.linalg.solve(matrix, heard.T @ values)


def _openness(mesh: Mesh, points: Tensor, normals: Tensor) -> Tensor:
    """(N,) share of an even sky's light that reaches points, 0..1."""
    reached, possible = torch.zeros(len(points)), torch.zeros(len(points))
    for direction in _sky():
        facing = (normals @ direction).clamp(min=0)
        towards = facing > 0
        blocked = is_blocked(mesh, points[towards], _FAR * direction, _SLACK)
        possible += facing
        reached[towards] += facing[towards] * ~blocked
    return reached / possible.clamp(min=1e-9)


def _sky() -> Tensor:
    """Unit directions spread evenly, (_DIRECTIONS, 3).

    Source: Swinbank and Purser 2006, "Fibonacci grids: a novel approach to global modelling".
    """
    index = np.arange(_DIRECTIONS) + 0.5
    height = 1 - 2 * index / _DIRECTIONS
    turn = math.pi * (1 + math.sqrt(5)) * index
    around = np.sqrt(1 - height**2)
    return torch.from_numpy(
        np.stack([around * np.cos(turn), around * np.sin(turn), height], 1)
    ).float()
