"""Smoothness of surfaces: Laplacians and the losses that they give."""

import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows
from album2avatar.mesh.normals import face_normals
from album2avatar.mesh.topology import EdgeTable


def uniform_laplacian(vertices: Tensor, edges: EdgeTable) -> Tensor:
    """Mean of the neighbours minus the vertex itself.

    Args:
        vertices: (V, D).
        edges: of the mesh.

    Returns:
        (V, D), differentiable; zero for a vertex without neighbours.
    """
    start, end = edges.vertices[:, 0], edges.vertices[:, 1]
    step = gather_rows(vertices, end) - gather_rows(vertices, start)
    summed = torch.zeros_like(vertices).index_add(0, start, step).index_add(0, end, -step)
    degree = torch.bincount(edges.vertices.reshape(-1), minlength=vertices.shape[0])
    return summed / degree.clamp(min=1).to(vertices.dtype)[:, None]


def cotangent_weights(vertices: Tensor, edges: EdgeTable) -> Tensor:
    """Half the sum of the cotangents across each edge, clamped to be positive.

    Args:
        vertices: (V, 3).

    Returns:
        (E,), constants: no gradient flows through them.

    Source: Pinkall and Polthier 1993, "Computing discrete minimal surfaces".
    """
    with torch.no_grad():
        start, end = vertices[edges.vertices[:, 0]], vertices[edges.vertices[:, 1]]
        weights = torch.zeros_like(start[:, 0])
        for side in range(2):
            exists = edges.opposite[:, side] >= 0
            across = vertices[edges.opposite[:, side].clamp(min=0)]
            u, v = start - across, end - across
            area = torch.linalg.cross(u, v).norm(dim=-1).clamp(min=1e-12)
            weights += torch.where(exists, 0.5 * (u * v).sum(-1) / area, 0.0)
        return weights.clamp(min=0.0)


def laplacian_loss(vertices: Tensor, edges: EdgeTable) -> Tensor:
    """Mean squared length of the uniform Laplacian, in the square of the vertices' unit."""
    return uniform_laplacian(vertices, edges).square().sum(-1).mean()


def normal_consistency_loss(vertices: Tensor, faces: Tensor, edges: EdgeTable) -> Tensor:
    """Mean of 1 - cosine of the angle between the normals of neighbouring faces.

    Returns:
        () in 0..2; zero for a flat mesh.
    """
    normals = face_normals(vertices, faces)
    pairs = edges.faces[edges.faces[:, 1] >= 0]
    cosine = (gather_rows(normals, pairs[:, 0]) * gather_rows(normals, pairs[:, 1])).sum(-1)
    return (1.0 - cosine).mean()
