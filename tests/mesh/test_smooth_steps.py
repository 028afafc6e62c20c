"""Steps that move neighbours together still arrive."""

import torch

from album2avatar.mesh.smooth_steps import SmoothSteps
from album2avatar.mesh.topology import edge_table
from toy_globe import globe


def test_one_vertexs_gradient_moves_its_neighbours_along():
    mesh, _ = globe()
    edges = edge_table(mesh.faces)
    steps = SmoothSteps(edges, len(mesh.vertices), stiffness=10.0)
    pulled = int((mesh.vertices - torch.tensor([0.0, -1.0, 0.0])).norm(dim=-1).argmin())
    gradient = torch.zeros_like(mesh.vertices)
    gradient[pulled, 1] = 1.0
    moved = steps.step(mesh.vertices, gradient, 0.01)[:, 1] - mesh.vertices[:, 1]
    assert moved.min() == moved[pulled]
    assert -0.011 < moved[pulled] < -0.005
    away = (mesh.vertices - mesh.vertices[pulled]).norm(dim=-1)
    near, far = moved[(away > 0.1) & (away < 0.2)], moved[away > 1.7]
    assert (near < 0.2 * moved[pulled]).all()
    assert (far.abs() < 0.1 * moved[pulled].abs()).all()


def test_steps_arrive_at_a_smooth_target():
    mesh, _ = globe()
    steps = SmoothSteps(edge_table(mesh.faces), len(mesh.vertices), stiffness=10.0)
    target = mesh.vertices * torch.tensor([1.1, 0.95, 1.05])
    vertices = mesh.vertices
    for index in range(80):
        rate = 0.01 * (1 - 0.9 * index / 80)
        vertices = steps.step(vertices, vertices - target, rate)
    before = (mesh.vertices - target).norm(dim=-1).mean()
    assert (vertices - target).norm(dim=-1).mean() < 0.1 * before


def test_restored_steps_go_on_to_the_same_bits():
    mesh, _ = globe()
    edges, count = edge_table(mesh.faces), len(mesh.vertices)
    target = mesh.vertices * 1.1
    whole, first = SmoothSteps(edges, count, 5.0), SmoothSteps(edges, count, 5.0)
    vertices = stopped = mesh.vertices
    for _ in range(6):
        vertices = whole.step(vertices, vertices - target, 0.01)
    for _ in range(3):
        stopped = first.step(stopped, stopped - target, 0.01)
    second = SmoothSteps(edges, count, 5.0)
    second.restore(first.tensors())
    for _ in range(3):
        stopped = second.step(stopped, stopped - target, 0.01)
    assert torch.equal(vertices, stopped)
