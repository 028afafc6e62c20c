"""How much space tetrahedra fill, and which way they turn."""

import torch
from torch import Tensor

from album2avatar.mesh.tetrahedra import TetrahedralMesh


def tetrahedron_volumes(mesh: TetrahedralMesh) -> Tensor:
    """Signed volumes (T,) in cubic metres."""
    corners = mesh.vertices[mesh.tetrahedra].double()
    return torch.linalg.det(corners[:, 1:] - corners[:, :1]) / 6
