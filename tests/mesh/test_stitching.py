"""A part of a surface is exchanged, and nothing else moves by a bit."""

import pytest
import torch
import trimesh

from album2avatar.errors import MeshError
from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.stitching import Stitched, replace_part, zipped
from album2avatar.mesh.types import Mesh
from toy_balls import ball, finer_above


def bulged(mesh: Mesh, height: float) -> Mesh:
    """The ball with a bump on its upper half that fades out towards the equator."""
    share = ((mesh.vertices[:, 2:] - 0.2) / 0.8).clamp(0, 1)
    return Mesh(mesh.vertices * (1 + height * share), mesh.faces)


def turned(mesh: Mesh) -> Mesh:
    """The same surface with its vertices elsewhere."""
    angle = torch.tensor(0.7)
    rotation = torch.tensor(
        [[angle.cos(), -angle.sin(), 0.0], [angle.sin(), angle.cos(), 0.0], [0.0, 0.0, 1.0]]
    )
    return Mesh(mesh.vertices @ rotation.T, mesh.faces)


@pytest.fixture(scope="module")
def exchanged() -> tuple[Mesh, torch.Tensor, Stitched]:
    old = ball(4)
    kept = old.vertices[old.faces].mean(1)[:, 2] < 0.1
    return old, kept, replace_part(old, kept, bulged(turned(ball(5)), 0.5))


def test_kept_vertices_and_faces_are_the_same_to_the_bit(
    exchanged: tuple[Mesh, torch.Tensor, Stitched],
):
    old, _, stitched = exchanged
    count = len(stitched.old_vertices)
    assert torch.equal(stitched.mesh.vertices[:count], old.vertices[stitched.old_vertices])
    faces = stitched.mesh.faces[: len(stitched.old_faces)]
    assert torch.equal(stitched.old_vertices[faces], old.faces[stitched.old_faces])


def test_the_result_is_closed_and_of_one_piece(exchanged: tuple[Mesh, torch.Tensor, Stitched]):
    mesh = exchanged[2].mesh
    whole = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    assert whole.is_watertight
    assert whole.is_winding_consistent
    assert whole.euler_number == 2
    assert whole.body_count == 1


def test_the_new_part_has_the_new_surface_s_shape(
    exchanged: tuple[Mesh, torch.Tensor, Stitched],
):
    mesh = exchanged[2].mesh
    whole = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    expected = bulged(ball(5), 0.5)
    true = trimesh.Trimesh(expected.vertices.numpy(), expected.faces.numpy(), process=False)
    assert whole.volume == pytest.approx(true.volume, rel=0.01)
    assert float(mesh.vertices[:, 2].max()) == pytest.approx(1.5, abs=0.01)


def test_most_of_what_was_to_be_kept_is_kept(exchanged: tuple[Mesh, torch.Tensor, Stitched]):
    _, kept, stitched = exchanged
    assert len(stitched.old_faces) > 0.95 * int(kept.sum())


def test_a_new_surface_elsewhere_is_refused():
    old = ball(4)
    kept = old.vertices[old.faces].mean(1)[:, 2] < 0.1
    far = ball(3, 0.3)
    open_far = Mesh(far.vertices + 5.0, far.faces[far.vertices[far.faces].mean(1)[:, 2] < 0.2])
    with pytest.raises(MeshError):
        replace_part(old, kept, open_far)


def test_keeping_everything_is_refused():
    old = ball(3)
    with pytest.raises(MeshError):
        replace_part(old, torch.ones(len(old.faces), dtype=torch.bool), old)


def test_a_strip_joins_two_circles_and_leaves_no_hole():
    """Between circles of 12 and 17 points: one triangle for each edge, all of them outwards."""
    circles = [circle(12, 0.0), circle(17, 0.3)]
    vertices = torch.cat(circles)
    lower, upper = torch.arange(12), torch.arange(12, 29)
    # Seen from above, the lower surface's rim runs one way and the upper one's the other.
    strip = zipped(lower, upper.flip(0), vertices)
    assert len(strip) == 12 + 17
    assert len(border_edges(strip)) == 12 + 17
    a, b, c = vertices[strip].unbind(1)
    outward = (torch.linalg.cross(b - a, c - a) * (a + b + c) * torch.tensor([1.0, 1, 0])).sum(1)
    assert bool((outward > 0).all()) or bool((outward < 0).all())


def circle(count: int, height: float) -> torch.Tensor:
    angle = torch.arange(count) * (2 * torch.pi / count)
    return torch.stack([angle.cos(), angle.sin(), torch.full((count,), height)], 1)


def test_the_gap_beside_a_seam_is_as_small_as_the_faces_there():
    old = finer_above(ball(4), 4.0)
    kept = old.vertices[old.faces].mean(1)[:, 2] < 0.9
    stitched = replace_part(old, kept, turned(finer_above(ball(5), 4.0)))
    mesh, count = stitched.mesh, len(stitched.old_vertices)
    is_new = mesh.faces >= count
    strip = mesh.faces[is_new.any(1) & ~is_new.all(1)]
    corners = mesh.vertices[strip]
    rim = border_edges(mesh.faces[: len(stitched.old_faces)])
    edge = float((mesh.vertices[rim[:, 0]] - mesh.vertices[rim[:, 1]]).norm(dim=1).mean())
    longest = (corners - corners.roll(1, 1)).norm(dim=2).amax(1)
    assert float(longest.median()) < edge
