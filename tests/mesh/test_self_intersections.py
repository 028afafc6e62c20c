"""Crossing faces against spheres, sheets and rings whose crossings are known."""

import math

import pytest
import torch
import trimesh
from torch import Tensor

from album2avatar.mesh.overlap_kernels import overlapping_boxes
from album2avatar.mesh.self_intersections import crossing_faces, is_crossing
from album2avatar.mesh.types import Mesh


def ball(centre: tuple[float, float, float] = (0.0, 0.0, 0.0), subdivisions: int = 3) -> Mesh:
    sphere = trimesh.creation.icosphere(subdivisions=subdivisions)
    vertices = torch.tensor(sphere.vertices).float() + torch.tensor(centre)
    return Mesh(vertices, torch.tensor(sphere.faces).long())


def together(first: Mesh, second: Mesh) -> Mesh:
    faces = torch.cat([first.faces, second.faces + len(first.vertices)])
    return Mesh(torch.cat([first.vertices, second.vertices]), faces)


def sheet(fold: float, columns: int = 12) -> Mesh:
    """A strip along x whose half beyond x = 0 is turned up about the y axis by `fold` radians."""
    x, y = torch.meshgrid(
        torch.linspace(-1, 1, columns + 1), torch.linspace(-0.3, 0.3, 4), indexing="ij"
    )
    beyond = x.clamp(min=0)
    flat = torch.stack(
        [x.clamp(max=0) + beyond * math.cos(fold), y, beyond * math.sin(fold)], dim=-1
    )
    corner = (torch.arange(columns)[:, None] * 4 + torch.arange(3)).reshape(-1)
    lower = torch.stack([corner, corner + 4, corner + 5], 1)
    upper = torch.stack([corner, corner + 5, corner + 1], 1)
    return Mesh(flat.reshape(-1, 3), torch.cat([lower, upper]))


def test_spheres_that_interpenetrate_cross_along_their_common_circle():
    """Of unit spheres 1.2 apart it has a radius of 0.8, half way between them."""
    mesh = together(ball(), ball((0.31, 0.62, 0.98)))
    apart = torch.tensor([0.31, 0.62, 0.98])
    distance, axis = float(apart.norm()), apart / apart.norm()
    marked = is_crossing(mesh)
    centres = mesh.vertices[mesh.faces].mean(dim=1)
    along = centres @ axis
    ring = (centres - along[:, None] * axis).norm(dim=1)
    radius = math.sqrt(1 - (distance / 2) ** 2)
    size = 0.16
    assert ((along - distance / 2).abs() < size)[marked].all()
    assert ((ring - radius).abs() < size)[marked].all()
    # Every direction around the ring is there, in both spheres.
    side = torch.linalg.cross(axis, torch.tensor([0.0, 0.0, 1.0]))
    side = side / side.norm()
    other = torch.linalg.cross(axis, side)
    angle = torch.atan2(centres @ other, centres @ side)
    half = len(mesh.faces) // 2
    for part in (slice(0, half), slice(half, None)):
        sorted_angles = angle[part][marked[part]].sort().values
        gaps = torch.diff(sorted_angles, append=sorted_angles[:1] + 2 * math.pi)
        assert gaps.max() < 0.3


def test_pairs_are_of_one_face_of_each_sphere():
    mesh = together(ball(), ball((0.31, 0.62, 0.98)))
    half = len(mesh.faces) // 2
    pairs = crossing_faces(mesh)
    assert len(pairs) > 30
    assert (pairs[:, 0] < half).all()
    assert (pairs[:, 1] >= half).all()


@pytest.mark.parametrize("subdivisions", [1, 4])
def test_a_sphere_alone_and_spheres_apart_cross_nothing(subdivisions: int):
    alone = ball(subdivisions=subdivisions)
    assert len(crossing_faces(alone)) == 0
    assert len(crossing_faces(together(alone, ball((2.05, 0.0, 0.0), subdivisions)))) == 0
    inside = Mesh(alone.vertices * 0.5, alone.faces)
    assert len(crossing_faces(together(alone, inside))) == 0


def test_a_flat_or_bent_sheet_crosses_nothing_though_faces_share_edges_and_vertices():
    for fold in (0.0, 1.0, 3.0, -2.0):
        assert len(crossing_faces(sheet(fold))) == 0


def test_a_sheet_that_is_folded_through_itself_crosses_where_it_passes():
    """The end that was turned back over the other half is pushed through it at x = -0.5."""
    folded = sheet(3.0)
    vertices = folded.vertices.clone()
    end = (vertices[:, 2] > 0) & (vertices[:, 0] < -0.5)
    vertices[end, 2] -= 0.2
    mesh = Mesh(vertices, folded.faces)
    marked = is_crossing(mesh)
    assert marked.any()
    corners = mesh.vertices[mesh.faces][marked]
    assert (corners[:, :, 0].amin(dim=1) < -0.45).all()
    assert (corners[:, :, 0].amax(dim=1) > -0.75).all()


def test_faces_that_meet_at_a_vertex_cross_only_where_they_meet_elsewhere_too():
    def fan(tip: Tensor) -> Mesh:
        vertices = [[0.0, 0, 0], [1, -1, 0], [1, 1, 0], [1, 0, -0.5]]
        faces = torch.tensor([[0, 1, 2], [0, 3, 4]])
        return Mesh(torch.cat([torch.tensor(vertices), tip[None]]), faces)

    assert len(crossing_faces(fan(torch.tensor([1.0, 0.2, -0.1])))) == 0
    assert crossing_faces(fan(torch.tensor([1.0, 0.2, 0.5]))).tolist() == [[0, 1]]


def test_turning_the_mesh_changes_nothing():
    mesh = together(ball(subdivisions=2), ball((0.31, 0.62, 0.98), 2))
    generator = torch.Generator().manual_seed(3)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=generator))[0]
    turned = Mesh(mesh.vertices @ turn.T + 0.7, mesh.faces)
    assert crossing_faces(turned).tolist() == crossing_faces(mesh).tolist()


def test_boxes_overlap_as_the_definition_says():
    generator = torch.Generator().manual_seed(1)
    low = torch.rand(300, 3, generator=generator)
    high = low + 0.2 * torch.rand(300, 3, generator=generator)
    meets = ((low[:, None] <= high[None]) & (high[:, None] >= low[None])).all(dim=2)
    expected = meets.triu(1).nonzero()
    assert torch.equal(overlapping_boxes(low, high), expected)
