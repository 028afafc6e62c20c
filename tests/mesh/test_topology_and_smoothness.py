import math

import pytest
import torch
import trimesh

from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.laplacian import (
    cotangent_weights,
    laplacian_loss,
    normal_consistency_loss,
    uniform_laplacian,
)
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import edge_table


def icosphere(subdivisions: int, radius: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return torch.tensor(mesh.vertices), torch.tensor(mesh.faces).long()


def test_a_closed_mesh_has_the_edges_that_euler_counts_and_two_faces_at_each():
    vertices, faces = icosphere(2)
    edges = edge_table(faces)
    assert len(edges.vertices) == len(vertices) + len(faces) - 2
    assert (edges.opposite >= 0).all()
    for side in range(2):
        corners = torch.cat([edges.vertices, edges.opposite[:, side : side + 1]], 1).sort(1).values
        assert torch.equal(corners, faces[edges.faces[:, side]].sort(1).values)


def test_border_and_crowded_edges_have_no_second_face():
    fan = torch.tensor([[0, 1, 2], [1, 0, 3], [0, 1, 4]])  # three faces at edge 0-1
    edges = edge_table(fan)
    assert len(edges.vertices) == 7
    assert (edges.opposite[:, 1] == -1).all()
    pair = edge_table(fan[:2])
    assert pair.opposite[0].tolist() == [2, 3]
    assert (pair.faces[1:, 1] == -1).all()


def test_vertex_normals_of_a_sphere_point_outwards():
    vertices, faces = icosphere(3, radius=2.0)
    normals = vertex_normals(vertices, faces)
    assert ((normals * vertices / 2.0).sum(-1) > 0.9995).all()


def test_normals_are_differentiable_also_beside_faces_without_area():
    vertices = torch.rand(6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    faces = torch.tensor([[0, 1, 2], [1, 3, 2], [2, 2, 4]])
    leaf = vertices.requires_grad_()
    assert torch.autograd.gradcheck(lambda v: vertex_normals(v, faces)[:4], (leaf,))


def test_the_laplacian_with_cotangent_weights_of_a_sphere_is_its_mean_curvature():
    """Summed over the surface, |laplacian| = mean curvature vector (2 / r) times area."""
    vertices, faces = icosphere(4, radius=0.5)
    edges = edge_table(faces)
    weights = cotangent_weights(vertices, edges).numpy()
    outward = graph_laplacian(edges.vertices.numpy(), len(vertices), weights) @ vertices.numpy()
    inward = (outward * vertices.numpy()).sum(-1) / 0.5
    assert float(inward.sum()) == pytest.approx(2 / 0.5 * 4 * math.pi * 0.25, rel=0.01)


def test_the_uniform_laplacian_points_to_the_mean_of_the_neighbours():
    vertices = torch.tensor([[0.0, 0, 1], [1, 0, 0], [0, 1, 0], [-1, -1, 0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [0, 3, 1]])
    moved = uniform_laplacian(vertices, edge_table(faces))
    torch.testing.assert_close(moved[0], torch.tensor([0.0, 0.0, -1.0]))


def test_a_bump_costs_smoothness_and_a_plane_costs_none():
    x, y = torch.meshgrid(torch.arange(5.0), torch.arange(5.0), indexing="ij")
    plane = torch.stack([x, y, torch.zeros_like(x)], -1).view(-1, 3)
    corner = (torch.arange(4)[:, None] * 5 + torch.arange(4)).reshape(-1)
    faces = torch.cat(
        [
            torch.stack([corner, corner + 5, corner + 1], 1),
            torch.stack([corner + 5, corner + 6, corner + 1], 1),
        ]
    )
    edges = edge_table(faces)
    bumpy = plane.clone()
    bumpy[12, 2] = 0.5
    assert float(normal_consistency_loss(plane, faces, edges)) == pytest.approx(0, abs=1e-6)
    assert normal_consistency_loss(bumpy, faces, edges) > 0.02
    assert laplacian_loss(bumpy, edges) > laplacian_loss(plane, edges)
