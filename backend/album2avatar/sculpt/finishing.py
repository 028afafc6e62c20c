"""From the last marched surface to the mesh that is painted."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.attire.shape import ClothField
from album2avatar.errors import MeshError
from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.relaxation import relaxed
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.storage import check_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.mesh.uncrossing import uncrossed
from album2avatar.sculpt.template import Template

SMOOTHING_ROUNDS = 20
SMOOTHING_STEPS: tuple[float, float] = (0.5, -0.53)
"""A step inwards and a larger one outwards: the lattice's steps go, the volume stays (Taubin
1995, "A signal processing approach to fair surface design")."""
RELAXING_ROUNDS = 5
"""Measured on two people at 104 cells: 3.3 % and 3.5 % of the faces had an angle below 15 degrees,
after five rounds less than 0.01 % (before tetrahedra were cut finer in places)."""
SNAP_FULLY = 0.003
"""Metres from the template within which hands, feet and face take its place exactly."""
SNAP_AT_MOST = 0.008
"""Metres at which they don't at all."""
NEAR_DESCRIBED = 0.015
"""Metres from described cloth within which the surface is that cloth, not a face or a foot."""
SAME_SIDE = 0.3
"""Least cosine between the normals of a vertex and of its place on the template; else it
would be drawn to the next finger."""


@dataclass(frozen=True)
class FinishedSurface:
    """The sculpted mesh, with where its vertices are on the body."""

    mesh: Mesh
    body_distance: Tensor
    """(V,) metres, positive outside of the body."""
    nearest_body_vertex: Tensor
    """(V,) int64."""


def finish(mesh: Mesh, template: Template, described: ClothField) -> FinishedSurface:
    """Clean a marched surface: one piece, smooth, of well-shaped triangles, with the template's
    hands, feet and face, and nowhere through itself.

    Args:
        described: cloth that is smoothed wherever it is.

    Raises:
        MeshError: nothing is left, or the surface is not closed.
    """
    whole = largest_component(mesh)
    field = DistanceField(template.surface)
    freedom = field.closest(whole.vertices).interpolate(template.freedom[:, None])
    near = torch.full_like(freedom[:, 0], NEAR_DESCRIBED)
    is_cloth = described.distance(whole.vertices, near) < 0
    freedom = torch.where(is_cloth[:, None], 1.0, freedom)
    smooth = relaxed(Mesh(smoothed(whole, freedom), whole.faces), RELAXING_ROUNDS)
    snapped = snap_to_template(smooth, template, field)
    # Smoothing and snapping may push one finger into the next; marching can't.
    clean = uncrossed(snapped, whole.vertices)
    _require_closed(clean)
    closest = field.closest_signed(clean.vertices)
    nearest = template.body_vertices[closest.nearest_vertex()]
    return FinishedSurface(clean, closest.signed_distance, nearest)


def largest_component(mesh: Mesh) -> Mesh:
    """Keep the connected piece that encloses the most; floating bits and bubbles go.

    Raises:
        MeshError: the mesh is empty.
    """
    check_mesh(mesh, "the sculptor")
    piece = face_pieces(mesh.faces)
    a, b, c = mesh.vertices.detach().double()[mesh.faces].unbind(1)
    volumes = torch.zeros(int(piece.max()) + 1, dtype=torch.float64, device=mesh.faces.device)
    volumes.index_add_(0, piece, (a * torch.linalg.cross(b, c)).sum(dim=1) / 6)
    used, faces_left = mesh.faces[piece == volumes.argmax()].unique(return_inverse=True)
    return Mesh(mesh.vertices.detach()[used], faces_left)


def smoothed(mesh: Mesh, freedom: Tensor) -> Tensor:
    """Vertices (V, 3) without the steps of the lattice.

    Args:
        freedom: (V, 1) in 0..1, how much each vertex is smoothed: fingers would shrink.
    """
    edges = edge_table(mesh.faces)
    vertices = mesh.vertices
    for _ in range(SMOOTHING_ROUNDS):
        for share in SMOOTHING_STEPS:
            vertices = vertices + share * freedom * uniform_laplacian(vertices, edges)
    return vertices


def snap_to_template(mesh: Mesh, template: Template, field: DistanceField) -> Mesh:
    """Put the vertices of hands, feet and face onto the template where they are close to it."""
    closest = field.closest(mesh.vertices)
    held = 1 - closest.interpolate(template.freedom[:, None])
    distance = closest.distance[:, None]
    near = ((SNAP_AT_MOST - distance) / (SNAP_AT_MOST - SNAP_FULLY)).clamp(0, 1)
    template_normals = vertex_normals(template.surface.vertices, template.surface.faces)
    cosine = (
        vertex_normals(mesh.vertices, mesh.faces) * closest.interpolate(template_normals)
    ).sum(dim=1, keepdim=True)
    # Hands are held wholly, feet by half: both are the template's where they are close to it.
    share = (2 * held).clamp(max=1) * near * (cosine > SAME_SIDE)
    return Mesh(torch.lerp(mesh.vertices, closest.points, share), mesh.faces)


def _require_closed(mesh: Mesh) -> None:
    if bool((edge_table(mesh.faces).opposite < 0).any()):
        raise MeshError(
            "The sculpted surface is not closed. Raise sculpt.outward_reach, or correct the masks."
        )
