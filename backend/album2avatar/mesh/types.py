"""Mesh types that stages hand to each other."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Mesh:
    """Triangles in space: metres, Z up, facing -Y, counter-clockwise seen from outside."""

    vertices: Tensor
    """(V, 3) float32."""
    faces: Tensor
    """(F, 3) int64."""

    def to(self, device: torch.device | str) -> "Mesh":
        """The same on another device."""
        return Mesh(self.vertices.to(device), self.faces.to(device))


@dataclass(frozen=True)
class UvMap:
    """Texture coordinates with seams: corners index their own table."""

    coordinates: Tensor
    """(T, 2) float32 in 0..1, u to the right, v up, origin at the texture's bottom left."""
    faces: Tensor
    """(F, 3) int64 into `coordinates`, one row for each face of the mesh."""
