"""Better shaped triangles on the same surface."""

import torch
from torch.nn import functional as F

from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

SAME_SIDE = 0.5
"""Least cosine between the surface's normals where a vertex was and where it comes to lie; else
it would be put onto the other side of something thin."""


def relaxed(mesh: Mesh, rounds: int) -> Mesh:
    """Slide vertices along the surface to the middle of their neighbours.

    Marching leaves needles where its surface passes close by a lattice vertex. Each round moves
    half-way to the middle in the vertex's tangent plane, and ends on the given surface again, so
    that thin things neither shrink nor move.

    Args:
        mesh: closed.
        rounds: of sliding.
    """
    edges = edge_table(mesh.faces)
    surface = DistanceField(mesh)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    vertices, upright = mesh.vertices, normals
    for _ in range(rounds):
        step = 0.5 * uniform_laplacian(vertices, edges)
        along = step - (step * upright).sum(dim=1, keepdim=True) * upright
        closest = surface.closest(vertices + along)
        turned = F.normalize(closest.interpolate(normals), dim=1)
        is_same_side = (turned * upright).sum(dim=1, keepdim=True) > SAME_SIDE
        vertices = torch.where(is_same_side, closest.points, vertices)
        upright = torch.where(is_same_side, turned, upright)
    return Mesh(vertices, mesh.faces)
