"""A ball cut where two or three colours meet."""

import math

import torch

from album2avatar.mesh.label_cuts import LabelledMesh, cut_along_borders
from album2avatar.mesh.labels import faired_labels, without_islands
from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from toy_balls import ball

HEIGHT = 0.3


def noisy_cap(mesh: Mesh, seed: int = 3) -> torch.Tensor:
    """Label 1 above `HEIGHT`, where half of the vertices near it are wrong by chance."""
    noise = 0.06 * torch.randn(len(mesh.vertices), generator=torch.Generator().manual_seed(seed))
    return (mesh.vertices[:, 2] + noise > HEIGHT).long()


def faired(mesh: Mesh, labels: torch.Tensor) -> torch.Tensor:
    nowhere = torch.zeros(len(labels), dtype=torch.bool)
    return faired_labels(labels, int(labels.max()) + 1, nowhere, edge_table(mesh.faces))


def area(mesh: Mesh, faces: torch.Tensor) -> float:
    return float(face_vectors(mesh.vertices, mesh.faces[faces]).norm(dim=1).sum()) / 2


def rim_of(cut: LabelledMesh) -> tuple[float, torch.Tensor]:
    """Length of the border between labels, and its vertices."""
    table = edge_table(cut.mesh.faces)
    sides = cut.new_labels[table.faces]
    ends = table.vertices[sides[:, 0] != sides[:, 1]]
    start, end = cut.mesh.vertices[ends].unbind(1)
    return float((start - end).norm(dim=1).sum()), ends.unique()


def test_the_border_of_noisy_labels_is_nearly_a_circle():
    mesh = ball(4)
    cut = cut_along_borders(mesh, faired(mesh, noisy_cap(mesh)), 0, 0)
    length, rim = rim_of(cut)
    circle = 2 * math.pi * math.sqrt(1 - HEIGHT**2)
    assert circle * 0.98 < length < circle * 1.04
    assert float((cut.mesh.vertices[rim, 2] - HEIGHT).abs().mean()) < 0.03


def test_a_cut_changes_no_area_and_opens_no_hole():
    mesh = ball(3)
    height, side = mesh.vertices[:, 2], mesh.vertices[:, 0]
    labels = torch.where(height > 0.2, torch.where(side > 0.1, 2, 1), 0)
    cut = cut_along_borders(mesh, faired(mesh, labels), 0, 0)
    whole = torch.ones(len(cut.mesh.faces), dtype=torch.bool)
    before = area(mesh, torch.ones(len(mesh.faces), dtype=torch.bool))
    assert abs(area(cut.mesh, whole) - before) < 1e-4 * before
    assert bool((edge_table(cut.mesh.faces).opposite >= 0).all())
    turned = torch.linalg.vecdot(
        face_vectors(cut.mesh.vertices, cut.mesh.faces), cut.mesh.vertices[cut.mesh.faces].mean(1)
    )
    assert bool((turned > 0).all())
    assert set(cut.new_labels.tolist()) == {0, 1, 2}


def test_each_face_has_the_label_that_its_middle_mostly_is():
    mesh = ball(3)
    cut = cut_along_borders(mesh, faired(mesh, noisy_cap(mesh)), 0, 0)
    middle = cut.shares[cut.mesh.faces].mean(1).argmax(1)
    assert torch.equal(middle, cut.new_labels)


def test_kept_faces_stay_whole_and_first_though_a_border_runs_into_them():
    mesh = ball(3)
    is_kept = mesh.vertices[mesh.faces].mean(1)[:, 0] < 0
    kept = int(is_kept.sum())
    faces = torch.cat([mesh.faces[is_kept], mesh.faces[~is_kept]])
    first = faces[:kept].unique()
    rest = torch.arange(len(mesh.vertices))[~torch.isin(torch.arange(len(mesh.vertices)), first)]
    order = torch.cat([first, rest])
    place = torch.empty_like(order)
    place[order] = torch.arange(len(order))
    sorted_mesh = Mesh(mesh.vertices[order], place[faces])
    shares = faired(sorted_mesh, noisy_cap(sorted_mesh))
    cut = cut_along_borders(sorted_mesh, shares, len(first), kept)
    assert torch.equal(cut.mesh.faces[:kept], sorted_mesh.faces[:kept])
    assert torch.equal(cut.mesh.vertices[: len(order)], sorted_mesh.vertices)
    assert len(cut.mesh.faces) == kept + len(cut.new_labels)
    assert bool((edge_table(cut.mesh.faces).opposite >= 0).all())


def test_small_islands_go_and_large_or_fixed_ones_stay():
    mesh = ball(4)
    height = mesh.vertices[:, 2]
    labels = (height > 0.98).long() + 2 * (height < -0.7).long()
    nowhere = torch.zeros_like(labels, dtype=torch.bool)
    small_cap = 2 * math.pi * 0.02
    after = without_islands(labels, nowhere, mesh, 2 * small_cap)
    assert torch.equal(after, torch.where(labels == 1, 0, labels))
    assert torch.equal(without_islands(labels, nowhere, mesh, small_cap / 2), labels)
    assert torch.equal(without_islands(labels, height > 0.99, mesh, 2 * small_cap), labels)
