"""Normals of faces and vertices."""

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.gather import gather_rows
from album2avatar.mesh.types import Mesh


def face_vectors(vertices: Tensor, faces: Tensor) -> Tensor:
    """Outward vectors whose length is twice the face's area.

    Args:
        vertices: (V, 3).
        faces: (F, 3) int64, counter-clockwise seen from outside.

    Returns:
        (F, 3).
    """
    a, b, c = (gather_rows(vertices, faces[:, corner]) for corner in range(3))
    return torch.linalg.cross(b - a, c - a)


def face_areas(mesh: Mesh) -> Tensor:
    """(F,) square metres."""
    return face_vectors(mesh.vertices, mesh.faces).norm(dim=1) / 2


def face_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Outward unit normals of the faces, (F, 3); zero for a face without area."""
    return F.normalize(face_vectors(vertices, faces), dim=-1, eps=1e-20)


def vertex_normals(vertices: Tensor, faces: Tensor) -> Tensor:
    """Outward unit normals of the vertices: the mean of the faces around, weighted by area.

    Args:
        vertices: (V, 3).
        faces: (F, 3) int64, counter-clockwise seen from outside.

    Returns:
        (V, 3), differentiable in `vertices`; zero for a vertex that no face uses.
    """
    vectors = face_vectors(vertices, faces)
    summed = torch.zeros_like(vertices)
    for corner in range(3):
        summed = summed.index_add(0, faces[:, corner], vectors)
    return F.normalize(summed, dim=-1, eps=1e-20)
