"""Quads in triangle meshes: found, kept, ordered, and paired from triangles."""

import torch

from album2avatar.mesh.quads import (
    consecutive_mates,
    labels_of_faces,
    mates_of_rows,
    pair_triangles,
    quads_first,
    split_from_quads,
    without_seams,
)
from album2avatar.mesh.types import Mesh, UvMap


def grid(side: int) -> Mesh:
    """A plane of `side` x `side` squares, each as two triangles one after the other."""
    row = torch.arange(side + 1).float()
    vertices = torch.stack([*torch.meshgrid(row, row, indexing="ij"), torch.zeros(2 * [side + 1])])
    start = (torch.arange(side)[:, None] * (side + 1) + torch.arange(side)).reshape(-1)
    a, b, c, d = start, start + side + 1, start + side + 2, start + 1
    faces = torch.stack([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)], 1)
    return Mesh(vertices.reshape(3, -1).T.contiguous(), faces.reshape(-1, 3))


def test_split_quads_are_known_by_their_order() -> None:
    mesh = grid(3)
    assert split_from_quads(mesh.faces)
    assert not split_from_quads(mesh.faces[1:-1])
    mate = consecutive_mates(mesh.faces)
    assert mate[4:6].tolist() == [5, 4]


def test_a_plane_of_squares_is_paired_into_squares() -> None:
    mesh = grid(6)
    shuffled = torch.randperm(len(mesh.faces), generator=torch.Generator().manual_seed(1))
    mate = pair_triangles(Mesh(mesh.vertices, mesh.faces[shuffled]), torch.zeros(72).long())
    assert torch.equal(shuffled[mate], consecutive_mates(mesh.faces)[shuffled])


def test_groups_are_not_paired_with_each_other() -> None:
    mesh = grid(4)
    group = torch.randint(-1, 3, (32,), generator=torch.Generator().manual_seed(2))
    mate = pair_triangles(mesh, group)
    found = mate >= 0
    assert bool(found.any())
    assert torch.equal(mate[mate[found]], torch.arange(32)[found])
    assert torch.equal(group[mate[found]], group[found])
    assert bool((group[found] >= 0).all())


def test_a_sharp_fold_is_no_quad() -> None:
    mesh = grid(1)
    bent = mesh.vertices.clone()
    bent[1, 2] = 1.0
    assert bool((pair_triangles(mesh, torch.zeros(2).long()) >= 0).all())
    assert bool((pair_triangles(Mesh(bent, mesh.faces), torch.zeros(2).long()) < 0).all())


def test_order_has_quads_first_in_each_group() -> None:
    mate = torch.tensor([-1, 4, 5, -1, 1, 2])
    group = torch.tensor([0, 1, 0, 1, 1, 0])
    order, quads = quads_first(mate, group, 3)
    assert order.tolist() == [2, 5, 0, 1, 4, 3]
    assert quads.tolist() == [1, 1, 0]


def test_mates_follow_faces_that_are_taken() -> None:
    mate = torch.tensor([1, 0, 3, 2, -1])
    assert mates_of_rows(mate, torch.tensor([4, 3, 2, 0])).tolist() == [-1, 2, 1, -1]


def test_a_seam_along_the_diagonal_parts_a_quad() -> None:
    mesh = grid(1)
    whole = UvMap(mesh.vertices[:, :2] / 2, mesh.faces)
    cut = UvMap(
        torch.cat([whole.coordinates, whole.coordinates]), mesh.faces + torch.tensor([[0], [4]])
    )
    mate = consecutive_mates(mesh.faces)
    assert without_seams(mate, mesh, whole).tolist() == [1, 0]
    assert without_seams(mate, mesh, cut).tolist() == [-1, -1]


def test_both_halves_of_a_quad_have_one_label() -> None:
    mesh = grid(1)
    labels = torch.tensor([0, 0, 2, 1])
    mate = consecutive_mates(mesh.faces)
    assert labels_of_faces(labels, mesh.faces, mate).unique().tolist() == [0]
