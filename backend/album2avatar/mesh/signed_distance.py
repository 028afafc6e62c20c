"""Where points are closest to a triangle mesh, how far, and on which side."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.distance_kernels import Hierarchy
from album2avatar.mesh.types import Mesh

_FURTHEST = 100.0
"""Metres within which a closest point is looked for."""


@dataclass(frozen=True)
class ClosestPoints:
    """Where points in space are closest to a mesh."""

    distance: Tensor
    """(N,) float32 metres, at least 0."""
    points: Tensor
    """(N, 3) float32 metres, on the mesh."""
    corners: Tensor
    """(N, 3) int64, the mesh's vertices around each closest point."""
    barycentric: Tensor
    """(N, 3) float32 weights of these corners, which sum to 1."""
    faces: Tensor
    """(N,) int64, the mesh's face on which each closest point lies."""

    def interpolate(self, values: Tensor) -> Tensor:
        """Carry values (V, C) of the mesh's vertices to the closest points, (N, C)."""
        return (values[self.corners] * self.barycentric[:, :, None]).sum(dim=1)

    def read(self, attributes: Tensor, faces: Tensor) -> Tensor:
        """Attributes (T, C) at the closest points, (N, C).

        Args:
            faces: (F, 3) which of them each face's corners have, such as a UV map's.
        """
        return (attributes[faces[self.faces]] * self.barycentric[:, :, None]).sum(dim=1)

    def nearest_vertex(self) -> Tensor:
        """The corner (N,) int64 that each closest point is nearest to."""
        return self.corners.gather(1, self.barycentric.argmax(dim=1, keepdim=True)).squeeze(1)


@dataclass(frozen=True)
class SignedClosestPoints(ClosestPoints):
    """The same, with the side on which the points are."""

    signed_distance: Tensor
    """(N,) float32 metres, positive outside."""


class DistanceField:
    """Distance to a mesh, by a bounding volume hierarchy and winding numbers."""

    def __init__(self, mesh: Mesh) -> None:
        """
        Raises:
            MeshError: the mesh has no faces, or vertices that are not finite.
        """
        if mesh.faces.shape[0] == 0 or not bool(torch.isfinite(mesh.vertices).all()):
            raise MeshError(
                "The distance to a mesh without faces, or with vertices that are not finite, "
                "is not defined. Fit the body again."
            )
        self._mesh = mesh
        self._hierarchy = Hierarchy(mesh.vertices, mesh.faces)

    def closest(self, points: Tensor) -> ClosestPoints:
        """Find the closest points of the mesh; not differentiable.

        Args:
            points: (N, 3) metres.
        """
        distances, faces, barycentric = self._hierarchy.closest(points, _FURTHEST)
        return ClosestPoints(distances, *self._places(faces.long(), barycentric))

    def closest_signed(self, points: Tensor) -> SignedClosestPoints:
        """Find the closest points, and the side by winding numbers: some ten times the work.

        Winding numbers tell inside from outside also where the mesh has small holes.

        Args:
            points: (N, 3) metres.
        """
        signed, faces, barycentric = self._hierarchy.closest_signed(points, _FURTHEST)
        places = self._places(faces.long(), barycentric)
        return SignedClosestPoints(signed.abs(), *places, signed_distance=signed)

    def _places(self, faces: Tensor, barycentric: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Points, corners, weights and faces, as `ClosestPoints` has them."""
        corners = self._mesh.faces[faces]
        points = (self._mesh.vertices[corners] * barycentric[:, :, None]).sum(dim=1)
        return points, corners, barycentric, faces
