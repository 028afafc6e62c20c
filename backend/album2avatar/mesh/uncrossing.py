"""A mesh that passes through itself made one that doesn't."""

import torch
from torch import Tensor

from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.self_intersections import is_crossing
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh

SMOOTHING_TRIES = 8
"""How often the faces that cross are smoothed before they go back to where they were."""
SAFE_TRIES = 8
"""How often they go back, with a ring more of their neighbours at each try."""
SMOOTHED_RINGS = 2
"""Rings of vertices around crossing faces that are smoothed with them."""
_STEPS = 3
"""Smoothing steps in a try."""


def uncrossed(mesh: Mesh, safe: Tensor) -> Mesh:
    """Move the places where a mesh crosses itself until it doesn't, and nothing else.

    They are smoothed first; what still crosses goes back to its safe place. What crosses there
    too, as needles of no width may by rounding, is left.

    Args:
        safe: (V, 3) places of the vertices at which the mesh doesn't cross itself.
    """
    edges = edge_table(mesh.faces)
    smooth = _smoothed_there(mesh, edges)
    is_safe = torch.zeros(len(safe), dtype=torch.bool, device=safe.device)
    result = smooth
    for rings in range(1, SAFE_TRIES + 1):
        crossing = is_crossing(result)
        if not bool(crossing.any()):
            break
        is_safe |= _grown(_of_faces(mesh.faces, crossing, len(safe)), edges, rings)
        result = Mesh(torch.where(is_safe[:, None], safe, smooth.vertices), mesh.faces)
    return result


def _smoothed_there(mesh: Mesh, edges: EdgeTable) -> Mesh:
    result = mesh
    for _ in range(SMOOTHING_TRIES):
        crossing = is_crossing(result)
        if not bool(crossing.any()):
            break
        there = _grown(_of_faces(mesh.faces, crossing, len(mesh.vertices)), edges, SMOOTHED_RINGS)
        vertices = result.vertices
        for _ in range(_STEPS):
            step = 0.5 * uniform_laplacian(vertices, edges)
            vertices = torch.where(there[:, None], vertices + step, vertices)
        result = Mesh(vertices, mesh.faces)
    return result


def _of_faces(faces: Tensor, chosen: Tensor, count: int) -> Tensor:
    """Mark the vertices (V,) bool of the chosen faces (F,) bool."""
    marked = torch.zeros(count, dtype=torch.bool, device=faces.device)
    marked[faces[chosen].reshape(-1)] = True
    return marked


def _grown(marked: Tensor, edges: EdgeTable, rings: int) -> Tensor:
    """Marked vertices (V,) bool with so many rings of neighbours."""
    start, end = edges.vertices.unbind(dim=1)
    for _ in range(rings):
        wider = marked.clone()
        wider[end[marked[start]]] = True
        wider[start[marked[end]]] = True
        marked = wider
    return marked
