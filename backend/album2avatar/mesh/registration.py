"""A template laid on another surface: its own vertices and faces, the other's shape."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.self_intersections import is_crossing
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

STIFFNESS = (3000.0, 1000.0, 300.0, 100.0, 30.0, 10.0, 3.0, 1.0)
"""Weight of the displacement's smoothness in each round; λ reaches about λ^(1/4) edges far."""
ANCHOR = 1e-4
"""Weight that keeps what corresponds to nothing where it is."""
SAME_SIDE = 0.5
"""Least cosine between the normals of a vertex and of its place on the surface."""
DISENTANGLING = 4
"""Rounds in which faces that cross, and those beside them, are drawn to the surface less."""
LESS = 0.03
"""Factor of their weights in each of these rounds."""
FINEST = 0.008
"""Metres of an edge from which on a template follows the surface freely. Finer detail, as in ears
and lips, is more than sculpting resolves and moves with what is around it."""
CENTRING = 3
"""Rounds in which vertices go out where faces cut corners: between its vertices a face of 25 mm
lies 1.5 mm inside of an arm."""
NEARBY = 0.004
"""Metres from a face within which the surface's vertices take part in that."""
AROUND = 2
"""Rings of vertices around crossing faces that take part."""


@dataclass(frozen=True)
class Hold:
    """How far each of a template's vertices follows a surface."""

    reach: Tensor
    """(V,) metres beyond which a closest point is another thing's."""
    trust: Tensor
    """(V,) weight of the closest point, 0..1; what is trusted little keeps the template's shape."""


@dataclass(frozen=True)
class Laid:
    """A template on a surface."""

    mesh: Mesh
    """The template's faces, moved."""
    residual: Tensor
    """(V,) metres from each vertex to the surface."""
    agreement: Tensor
    """(V,) cosine between the normals of both."""
    offset: Tensor
    """(V,) metres that each vertex was moved."""
    missed: Tensor
    """(F,) metres by which the surface's vertices are off each face at most; those that are beyond
    the reach of the face belong to something else and don't count."""


def lay_on(template: Mesh, surface: Mesh, hold: Hold) -> Laid:
    """Move a template's vertices onto a surface, smoothly.

    In each round vertices are drawn to their closest points where the normals agree, and the
    displacements of neighbours to each other (squared Laplacian); from round to round the latter
    counts less. Where nothing corresponds the displacement is carried on from beside. Where faces
    cross in the end, the template's own shape counts more.

    Args:
        template, surface: closed.

    Source: Amberg, Romdhani and Vetter 2007, "Optimal step nonrigid ICP algorithms for surface
    registration", with displacements in place of affine maps.
    """
    edges = edge_table(template.faces).vertices
    pull = _Pull(template, surface, edges.cpu().numpy())
    vertices, trust = template.vertices, hold.trust * _resolved(template, edges)
    for stiffness in STIFFNESS:
        vertices = pull.moved(vertices, trust, hold.reach, stiffness)
    for _ in range(DISENTANGLING):
        crossing = is_crossing(Mesh(vertices, template.faces))
        if not bool(crossing.any()):
            break
        marked = torch.zeros(len(vertices), dtype=torch.bool)
        marked[template.faces[crossing].flatten()] = True
        for _ring in range(AROUND):
            marked[edges[marked[edges].any(1)].flatten()] = True
        trust[marked] *= LESS
        vertices = pull.moved(vertices, trust, hold.reach, STIFFNESS[-1])
    for _ in range(CENTRING):
        vertices = _centred(Mesh(vertices, template.faces), surface, trust)
    return _measured(template, vertices, surface, hold)


class _Pull:
    """Equations for the template's displacement."""

    def __init__(self, template: Mesh, surface: Mesh, edges: NDArray[np.int64]) -> None:
        self._faces, self._rest = template.faces, template.vertices.double().cpu().numpy()
        start, end = self._rest[edges[:, 0]], self._rest[edges[:, 1]]
        length = np.linalg.norm(start - end, axis=1)
        weights = 1.0 / np.maximum(length, 0.1 * length.mean())
        laplacian = sparse.csr_matrix(graph_laplacian(edges, len(self._rest), weights))
        diagonal = np.asarray(laplacian.diagonal(), np.float64)
        even = sparse.csr_matrix(sparse.diags(1.0 / diagonal) @ laplacian)
        self._smoothness = sparse.csc_matrix(even.T @ even)
        self._field = DistanceField(surface)
        self._normals = vertex_normals(surface.vertices, surface.faces)

    def moved(self, vertices: Tensor, trust: Tensor, reach: Tensor, stiffness: float) -> Tensor:
        """Vertices (V, 3) after one round."""
        closest = self._field.closest(vertices)
        cosine = (vertex_normals(vertices, self._faces) * closest.interpolate(self._normals)).sum(1)
        near = (closest.distance < reach) & (cosine > SAME_SIDE)
        weight = (near * cosine * trust).double().cpu().numpy()
        wanted = closest.points.double().cpu().numpy() - self._rest
        held = sparse.diags(weight + ANCHOR)
        system = (held + stiffness * self._smoothness).tocsc()
        solved = splu(system).solve(weight[:, None] * wanted)
        return torch.from_numpy(self._rest + solved).to(vertices)


def _resolved(template: Mesh, edges: Tensor) -> Tensor:
    """(V,) 0..1, how far each vertex stands for itself against the vertices beside it.

    Smoothness reaches some edges far, with the fourth root of its weight; this keeps the reach in
    metres where edges are shorter than `FINEST`.
    """
    length = (template.vertices[edges[:, 0]] - template.vertices[edges[:, 1]]).norm(dim=1)
    summed = torch.zeros(len(template.vertices)).index_add_(
        0, edges.flatten(), length.repeat_interleave(2)
    )
    degree = torch.bincount(edges.flatten(), minlength=len(summed)).clamp(min=1)
    return (summed / degree / FINEST).clamp(max=1) ** 4


def _centred(laid: Mesh, surface: Mesh, trust: Tensor) -> Tensor:
    """Vertices (V, 3) moved along their normals until faces have the surface on both sides."""
    back = DistanceField(laid).closest_signed(surface.vertices)
    near = back.distance < NEARBY
    corners, shares = back.corners[near], back.barycentric[near]
    summed, weights = torch.zeros(2, len(laid.vertices)).unbind(0)
    values = shares * back.signed_distance[near, None]
    summed = summed.index_add(0, corners.flatten(), values.flatten())
    weights = weights.index_add(0, corners.flatten(), shares.flatten())
    step = trust * summed / weights.clamp(min=0.5)
    return laid.vertices + step[:, None] * vertex_normals(laid.vertices, laid.faces)


def _measured(template: Mesh, vertices: Tensor, surface: Mesh, hold: Hold) -> Laid:
    """How a template with its vertices at (V, 3) lies on a surface."""
    laid = Mesh(vertices, template.faces)
    closest = DistanceField(surface).closest(vertices)
    normals = closest.interpolate(vertex_normals(surface.vertices, surface.faces))
    back = DistanceField(laid).closest(surface.vertices)
    distance = back.distance
    face_reach = hold.reach[template.faces].amin(1)
    distance = torch.where(distance < face_reach[back.faces], distance, 0.0)
    missed = torch.zeros(len(template.faces)).scatter_reduce(0, back.faces, distance, "amax")
    return Laid(
        laid,
        closest.distance,
        (vertex_normals(vertices, template.faces) * normals).sum(1),
        (vertices - template.vertices).norm(dim=1),
        missed,
    )
