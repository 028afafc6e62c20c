"""Tangent frames of a textured surface."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.types import Mesh, UvMap


class SurfacePoints(Protocol):
    """N points of a mesh."""

    def read(self, attributes: Tensor, faces: Tensor) -> Tensor:
        """Attributes (T, C) at the points, (N, C), each face's corners having those of `faces`."""
        ...


@dataclass(frozen=True)
class TangentFrames:
    """The frame in which a normal map is read, at N points; each (N, 3), unit length."""

    tangent: Tensor
    """Along which u grows."""
    bitangent: Tensor
    """Along which v grows, upwards in the texture."""
    normal: Tensor
    """The smooth surface's."""

    def to_frame(self, directions: Tensor) -> Tensor:
        """Directions (N, 3) in these frames."""
        axes = torch.stack([self.tangent, self.bitangent, self.normal], 1)
        return (axes @ directions[..., None])[..., 0]

    def from_frame(self, directions: Tensor) -> Tensor:
        """What these frames say, (N, 3), as directions in the mesh's space."""
        axes = torch.stack([self.tangent, self.bitangent, self.normal], 2)
        return (axes @ directions[..., None])[..., 0]


def tangent_frames(mesh: Mesh, uv: UvMap, points: SurfacePoints) -> TangentFrames:
    """Frames as renderers that read glTF make them.

    A tangent belongs to a vertex on one side of a seam: the mean over its faces, weighted by
    their angles there, and at right angles to the vertex normal. Between vertices tangent and
    normal are interpolated as they are, the bitangent is their cross product.

    Args:
        points: on the mesh, such as the texels of `uv`.

    Source: Mikkelsen 2008, "Simulation of wrinkled surfaces revisited", section 3.3.
    """
    normals = vertex_normals(mesh.vertices, mesh.faces)
    tangents, signs = corner_tangents(mesh, uv, normals)
    normal = F.normalize(points.read(normals, mesh.faces), dim=1)
    rows = points.read(torch.cat([tangents, signs], 1), uv.faces)
    tangent = rows[:, :3] - (rows[:, :3] * normal).sum(1, keepdim=True) * normal
    tangent = F.normalize(tangent, dim=1)
    bitangent = torch.linalg.cross(normal, tangent) * rows[:, 3:].sign()
    return TangentFrames(tangent, bitangent, normal)


def corner_tangents(mesh: Mesh, uv: UvMap, normals: Tensor) -> tuple[Tensor, Tensor]:
    """Tangents at the texture's vertices.

    Args:
        normals: (V, 3) unit, of the mesh's vertices.

    Returns:
        (T, 3) unit, at right angles to the normals, zero where nothing has an area; (T, 1) ±1, -1
        where the texture is mirrored.
    """
    corners, flat = mesh.vertices[mesh.faces], uv.coordinates[uv.faces]
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    (u1, v1), (u2, v2) = (side.unbind(1) for side in (flat[:, 1:] - flat[:, :1]).unbind(1))
    handed = torch.sign(u1 * v2 - u2 * v1)
    # Solves first = u1 t + v1 b, second = u2 t + v2 b for the direction of t.
    along = handed[:, None] * (first * v2[:, None] - second * v1[:, None])
    count = len(uv.coordinates)
    summed, sign = along.new_zeros(count, 3), along.new_zeros(count, 1)
    for corner in range(3):
        normal = normals[mesh.faces[:, corner]]
        tangent = along - (along * normal).sum(1, keepdim=True) * normal
        weight = _angles(corners, corner)[:, None]
        row = uv.faces[:, corner]
        summed = summed.index_add(0, row, weight * F.normalize(tangent, dim=1))
        sign = sign.index_add(0, row, weight * handed[:, None])
    return F.normalize(summed, dim=1), torch.where(sign < 0, -1.0, 1.0)


def _angles(corners: Tensor, corner: int) -> Tensor:
    """(F,) radians at one corner of triangles (F, 3, 3)."""
    here = corners[:, corner]
    one, other = corners[:, (corner + 1) % 3] - here, corners[:, (corner + 2) % 3] - here
    return torch.atan2(torch.linalg.cross(one, other).norm(dim=1), (one * other).sum(1))
