"""Marching tetrahedra against spheres, tori and finite differences."""

import math

import pytest
import torch
from torch import Tensor

from album2avatar.mesh.marching import LatticeEdges, lattice_edges, march
from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.tetrahedra import (
    TetrahedralMesh,
    boundary_vertices,
    lattice_tetrahedra,
)
from album2avatar.mesh.topology import edge_table
from tetrahedron_volumes import tetrahedron_volumes


def cube_lattice(cells: int) -> tuple[TetrahedralMesh, LatticeEdges]:
    """Lattice over the cube from -1 to 1."""
    points, tetrahedra = lattice_tetrahedra(
        torch.cartesian_prod(*[torch.arange(cells) for _ in range(3)])
    )
    vertices = points.float() / cells - 1.0
    return TetrahedralMesh(vertices, tetrahedra), lattice_edges(tetrahedra)


def surface(lattice: TetrahedralMesh, edges: LatticeEdges, field: Tensor) -> tuple[Tensor, Tensor]:
    marched = march(field, edges)
    return marched.carry(lattice.vertices), marched.faces


def enclosed_volume(vertices: Tensor, faces: Tensor) -> float:
    a, b, c = vertices.double()[faces].unbind(1)
    return float((a * torch.linalg.cross(b, c)).sum() / 6)


def euler_characteristic(vertices: Tensor, faces: Tensor) -> int:
    return len(vertices) - len(edge_table(faces).vertices) + len(faces)


def torus_distance(points: Tensor) -> Tensor:
    ring = points[:, :2].norm(dim=1) - 0.55
    return torch.stack([ring, points[:, 2]], 1).norm(dim=1) - 0.2


def test_tetrahedra_fill_the_space_between_cube_centres_once():
    lattice, _ = cube_lattice(4)
    volumes = tetrahedron_volumes(lattice)
    assert volumes.min() > 0
    torch.testing.assert_close(volumes, volumes.mean().expand_as(volumes))
    # Every cube gives a sixth of itself to each of its six sides that has a neighbour.
    inner_sides = 3 * 4 * 4 * 3
    assert float(volumes.sum()) == pytest.approx(inner_sides / 3 * (2 / 4) ** 3)


def test_sphere_has_its_volume_genus_and_outward_normals():
    lattice, edges = cube_lattice(16)
    vertices, faces = surface(lattice, edges, lattice.vertices.norm(dim=1) - 0.7)
    assert (edge_table(faces).opposite >= 0).all()
    assert euler_characteristic(vertices, faces) == 2
    assert enclosed_volume(vertices, faces) == pytest.approx(4 / 3 * math.pi * 0.7**3, rel=0.02)
    outward = (face_vectors(vertices, faces) * vertices[faces].mean(dim=1)).sum(1)
    assert (outward > 0).all()


def test_torus_keeps_its_hole():
    lattice, edges = cube_lattice(16)
    vertices, faces = surface(lattice, edges, torus_distance(lattice.vertices))
    assert euler_characteristic(vertices, faces) == 0
    volume = 2 * math.pi**2 * 0.55 * 0.2**2
    assert enclosed_volume(vertices, faces) == pytest.approx(volume, rel=0.05)


@pytest.mark.parametrize("seed", range(4))
def test_random_fields_give_closed_oriented_surfaces(seed: int):
    """Each edge has two faces, which run along it in opposite directions."""
    lattice, edges = cube_lattice(7)
    field = torch.randn(len(lattice.vertices), generator=torch.Generator().manual_seed(seed))
    field[boundary_vertices(lattice.tetrahedra)] = 1.0
    _, faces = surface(lattice, edges, field)
    directed = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    forward = set(map(tuple, directed.tolist()))
    assert len(forward) == len(directed)
    assert forward == {(end, start) for start, end in forward}


def test_surface_lies_where_the_field_is_zero():
    lattice, edges = cube_lattice(8)
    slope, height = torch.tensor([0.3, -0.5, 0.8]), 0.11
    field = lattice.vertices @ slope - height
    vertices, _ = surface(lattice, edges, field)
    torch.testing.assert_close(
        vertices @ slope, torch.full((len(vertices),), height), atol=1e-6, rtol=0
    )


def test_gradient_agrees_with_finite_differences():
    lattice, edges = cube_lattice(6)
    field = (torus_distance(lattice.vertices)).double()
    positions = lattice.vertices.double()
    probe = torch.randn(3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def measure(values: Tensor) -> Tensor:
        return (march(values, edges).carry(positions) @ probe).sin().sum()

    values = field.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(measure(values), values)
    direction = torch.randn(
        len(field), generator=torch.Generator().manual_seed(2), dtype=torch.float64
    )
    step = 1e-6
    measured = (measure(field + step * direction) - measure(field - step * direction)) / (2 * step)
    assert float(gradient @ direction) == pytest.approx(float(measured), rel=1e-4)
