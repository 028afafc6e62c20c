"""Rims of meshes, and the lids over them."""

import torch
import trimesh

from album2avatar.mesh.borders import (
    border_edges,
    border_loops,
    capped,
    compacted,
    face_pieces,
    without_pinched_vertices,
    without_shreds,
    without_small_pieces,
)
from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.types import Mesh


def sphere(subdivisions: int = 3) -> Mesh:
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    return Mesh(torch.tensor(ball.vertices).float(), torch.tensor(ball.faces).long())


def belt(mesh: Mesh) -> Mesh:
    """The sphere without its poles: open at two rims."""
    middle = mesh.vertices[mesh.faces].mean(1)[:, 2].abs() < 0.6
    return compacted(mesh, middle)[0]


def test_a_closed_mesh_has_no_rim():
    assert len(border_edges(sphere().faces)) == 0
    assert border_loops(sphere().faces) == []


def test_the_rims_of_a_belt_are_its_two_circles():
    mesh = belt(sphere())
    heights = sorted(float(mesh.vertices[loop][:, 2].mean()) for loop in border_loops(mesh.faces))
    assert len(heights) == 2
    assert heights[0] < -0.4
    assert heights[1] > 0.4


def test_lids_close_a_belt_into_a_solid_of_the_right_volume():
    mesh = belt(sphere(5))
    closed = capped(mesh, border_loops(mesh.faces))
    solid = trimesh.Trimesh(closed.mesh.vertices.numpy(), closed.mesh.faces.numpy(), process=False)
    assert solid.is_watertight
    # A ball between z = -h and h has the volume 2 pi (h - h^3 / 3).
    height = float(mesh.vertices[border_loops(mesh.faces)[0]][:, 2].abs().mean())
    expected = 2 * torch.pi * (height - height**3 / 3)
    assert abs(solid.volume - expected) < 0.02 * expected
    assert torch.equal(closed.lid[: len(mesh.faces)], torch.full((len(mesh.faces),), -1))


def test_small_pieces_are_given_up_and_large_ones_kept():
    mesh = sphere()
    chosen = mesh.vertices[mesh.faces].mean(1)[:, 2] > 0.5
    lonely = int((mesh.vertices[mesh.faces].mean(1)[:, 2]).argmin())
    chosen[lonely] = True
    left = without_small_pieces(mesh.faces, chosen, 5)
    assert not left[lonely]
    assert int(left.sum()) == int(chosen.sum()) - 1
    assert len(face_pieces(mesh.faces[left]).unique()) == 1


def test_no_rim_passes_a_vertex_twice():
    mesh = sphere()
    around = (mesh.faces == 0).any(1).nonzero().squeeze(1)
    chosen = torch.ones(len(mesh.faces), dtype=torch.bool)
    chosen[around[0]] = False
    others = [row for row in around[1:].tolist() if not shares_edge(mesh, row, int(around[0]))]
    chosen[others[0]] = False
    starts = border_edges(mesh.faces[chosen])[:, 0]
    assert len(starts) > len(starts.unique())  # pinched at vertex 0

    mended = without_pinched_vertices(mesh.faces, chosen)
    starts = border_edges(mesh.faces[mended])[:, 0]
    assert len(starts) == len(starts.unique())
    assert bool((chosen | ~mended).all())


def shares_edge(mesh: Mesh, first: int, second: int) -> bool:
    common = set(mesh.faces[first].tolist()) & set(mesh.faces[second].tolist())
    return len(common) == 2


def face_heights(mesh: Mesh) -> torch.Tensor:
    return mesh.vertices[mesh.faces].mean(1)[:, 2]


def area_of(mesh: Mesh, faces: torch.Tensor) -> float:
    return float(face_vectors(mesh.vertices, mesh.faces[faces]).norm(dim=1).sum()) / 2


def test_a_shred_that_was_cut_off_goes_and_the_rest_stays():
    mesh = sphere(4)
    height, side = face_heights(mesh), mesh.vertices[mesh.faces].mean(1)[:, 0]
    shred = (height > 0.1) & (height < 0.2) & (side > 0.95)
    kept = shred | (height < 0) | (height > 0.4)
    after = without_shreds(mesh, kept, (height < 0).long(), 2 * area_of(mesh, shred))
    assert torch.equal(after, kept & ~shred)
    larger = without_shreds(mesh, kept, (height < 0).long(), area_of(mesh, shred) / 2)
    assert torch.equal(larger, kept)


def test_a_small_piece_that_nothing_was_cut_off_from_is_no_shred():
    mesh = sphere(4)
    height = face_heights(mesh)
    pole = height > 0.98
    kept = height > -0.3
    assert torch.equal(without_shreds(mesh, kept, pole.long(), 2 * area_of(mesh, pole)), kept)
