"""Sculpted detail that the finished mesh is too coarse for, as a normal map."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import ClosestPoints, DistanceField
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.baking import map_texels
from album2avatar.render.tangents import tangent_frames
from album2avatar.render.texture import texture

FURTHEST = 0.008
"""Metres beyond which the nearest place of the sculpture is another one's."""
SURE, STEEPEST = 0.94, 0.77
"""Cosines between the mesh's normal and the sculpture's, of 20° and 40°: up to the first it is
detail, beyond the second another side, such as that of the next finger."""
FLAT = (0.5, 0.5, 1.0)
"""A texel that changes nothing."""
TEXELS_AT_ONCE = 1_000_000
"""Texels that are looked up in one go; bounds the memory."""


@dataclass(frozen=True)
class DetailedSurface:
    """A mesh whose normal map tells what it is too coarse for."""

    mesh: Mesh
    uv: UvMap
    normals: Tensor
    """(S, S, 3) from `bake_detail` or `carry_detail`."""


def bake_detail(sculpture: Mesh, mesh: Mesh, uv: UvMap, size: int) -> Tensor:
    """Normals of the sculpture in the mesh's tangent frames.

    Args:
        sculpture: what the mesh was made from, in the same place.

    Returns:
        (size, size, 3) n / 2 + 1/2, green up, row 0 at v = 0, as glTF wants it; texels beside the
        charts take the nearest chart's.
    """
    own = vertex_normals(sculpture.vertices, sculpture.faces)
    return _bake(sculpture, lambda closest: closest.interpolate(own), mesh, uv, size)


def carry_detail(finer: DetailedSurface, mesh: Mesh, uv: UvMap, size: int) -> Tensor:
    """What a finer surface and its normal map show, in another mesh's tangent frames.

    Returns:
        (size, size, 3) as `bake_detail` gives it.
    """

    def shown(closest: ClosestPoints) -> Tensor:
        frames = tangent_frames(finer.mesh, finer.uv, closest)
        places = closest.read(finer.uv.coordinates, finer.uv.faces)
        return frames.from_frame(2 * texture(finer.normals, places, "clamp") - 1)

    return _bake(finer.mesh, shown, mesh, uv, size)


def _bake(
    other: Mesh,
    directions: Callable[[ClosestPoints], Tensor],
    mesh: Mesh,
    uv: UvMap,
    size: int,
) -> Tensor:
    """Where the other surface is near and faces nearly the same way, its directions (N, 3)."""
    texels = map_texels(uv, (size, size))
    frames = tangent_frames(mesh, uv, texels)
    points = texels.read(mesh.vertices, mesh.faces)
    field = DistanceField(other)
    found: list[Tensor] = []
    for part, normals in zip(
        points.split(TEXELS_AT_ONCE), frames.normal.split(TEXELS_AT_ONCE), strict=True
    ):
        closest = field.closest(part)
        there = F.normalize(directions(closest), dim=1)
        cosine = (there * normals).sum(1)
        share = ((cosine - STEEPEST) / (SURE - STEEPEST)).clamp(0, 1)
        share = share * (closest.distance < FURTHEST)
        found.append(F.normalize(torch.lerp(normals, there, share[:, None]), dim=1))
    local = frames.to_frame(torch.cat(found))
    return texels.fill(0.5 * F.normalize(local, dim=1) + 0.5)
