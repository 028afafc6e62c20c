"""Labels of charts on a plane of quads."""

import torch

from album2avatar.mesh.chart_labels import chart_labels
from album2avatar.mesh.types import Mesh

SIDE = 20


def plane() -> tuple[Mesh, torch.Tensor]:
    """A square metre of quads; their triangles are consecutive."""
    line = torch.linspace(0, 1, SIDE + 1)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).view(-1, 2)
    i, j = torch.meshgrid(torch.arange(SIDE), torch.arange(SIDE), indexing="ij")
    a = (i * (SIDE + 1) + j).flatten()
    b, c, d = a + SIDE + 1, a + SIDE + 2, a + 1
    faces = torch.stack([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)], 1).view(-1, 3)
    vertices = torch.cat([grid, torch.zeros(len(grid), 1)], 1)
    return Mesh(vertices, faces), torch.arange(len(faces)) ^ 1


def test_quads_stay_whole_islands_go_and_borders_are_straight():
    mesh, mate = plane()
    x, y, _ = mesh.vertices.unbind(1)
    # A border that zigzags, and a speck of the other label.
    right = 0.02 * torch.sin(40 * y) + x - 0.5
    speck = (x - 0.2).abs().maximum((y - 0.3).abs()) < 0.06
    score = torch.where(speck, 0.3, right)
    scores = torch.stack([0.5 - score, 0.5 + score], 1)
    labels = chart_labels(mesh, mate, scores, torch.ones(len(x)), 0.05)
    assert torch.equal(labels, labels[mate])
    middle = mesh.vertices[mesh.faces].mean(1)
    assert bool((labels[middle[:, 0] < 0.4] == 0).all())
    assert bool((labels[middle[:, 0] > 0.6] == 1).all())
    columns = labels.view(SIDE, SIDE, 2)[:, :, 0].sum(0)
    assert len(columns.unique()) == 1


def test_a_border_moves_to_where_it_shows_less_but_not_far():
    mesh, mate = plane()
    x = mesh.vertices[:, 0]
    scores = torch.stack([1 - x, x], 1)
    shows = torch.where((x - 0.55).abs() < 0.02, 0.1, 1.0)
    labels = chart_labels(mesh, mate, scores, shows, 0.01)
    border = mesh.vertices[mesh.faces[labels == 1]][..., 0].min()
    assert 0.4 < float(border) < 0.6


def test_an_island_whose_border_has_no_length_stays():
    """Two triangles that touch in one place only, as points in the same place make them."""
    vertices = torch.tensor([[0.0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]])
    mesh = Mesh(vertices, torch.tensor([[0, 1, 2], [1, 0, 3]]))
    scores = torch.tensor([[0.0, 0, 0], [0, 0, 0], [0, 0, 1], [0, 1, 0]])
    labels = chart_labels(mesh, torch.tensor([-1, -1]), scores, torch.ones(4), 1.0)
    assert labels.tolist() == [2, 1]
