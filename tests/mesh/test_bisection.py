"""Cut tetrahedra fit together, fill the same space, and bring a ridge nearer."""

import pytest
import torch
from torch import Tensor

from album2avatar.mesh.bisection import BisectedMesh, bisected, edges_of
from album2avatar.mesh.marching import LatticeEdges, lattice_edges, march
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import (
    TetrahedralMesh,
    boundary_vertices,
    lattice_tetrahedra,
)
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from tetrahedron_volumes import tetrahedron_volumes


def cube_lattice(cells: int) -> tuple[TetrahedralMesh, LatticeEdges]:
    """Over the cube from -1 to 1; slightly bent, so that most edges differ in length."""
    points, tetrahedra = lattice_tetrahedra(torch.cartesian_prod(*[torch.arange(cells)] * 3))
    vertices = points.float() / cells - 1.0
    vertices = vertices + 0.02 * torch.sin(3 * vertices.roll(1, dims=1))
    return TetrahedralMesh(vertices, tetrahedra), lattice_edges(tetrahedra)


def face_counts(tetrahedra: Tensor) -> Tensor:
    """How many tetrahedra share each face."""
    faces = torch.cat([tetrahedra[:, [c for c in range(4) if c != k]] for k in range(4)])
    return faces.sort(dim=1).values.unique(dim=0, return_counts=True)[1]


def require_conforming(before: TetrahedralMesh, after: BisectedMesh) -> None:
    """Same volume, none of it negative, and no face of three tetrahedra. A hanging node would
    leave faces of one tetrahedron inside: the boundary's area would grow."""
    volumes = tetrahedron_volumes(after.mesh)
    assert volumes.min() > 0
    whole = tetrahedron_volumes(before).sum()
    torch.testing.assert_close(volumes.sum(), whole, rtol=1e-6, atol=0)
    assert face_counts(after.mesh.tetrahedra).max() <= 2
    torch.testing.assert_close(boundary_area(after.mesh), boundary_area(before), rtol=1e-5, atol=0)


def boundary_area(mesh: TetrahedralMesh) -> Tensor:
    tetrahedra = mesh.tetrahedra
    faces = torch.cat([tetrahedra[:, [c for c in range(4) if c != k]] for k in range(4)])
    faces = faces.sort(dim=1).values
    unique, counts = faces.unique(dim=0, return_counts=True)
    a, b, c = mesh.vertices.double()[unique[counts == 1]].unbind(dim=1)
    return torch.linalg.cross(b - a, c - a).norm(dim=1).sum() / 2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_any_set_of_cut_edges_leaves_a_conforming_mesh(seed: int, share: float):
    lattice, edges = cube_lattice(5)
    generator = torch.Generator().manual_seed(seed)
    marked = torch.rand(len(edges.vertices), generator=generator) < share
    after = bisected(lattice.vertices, edges, marked)
    assert len(after.mesh.vertices) == len(lattice.vertices) + int(marked.sum())
    require_conforming(lattice, after)


def test_edges_of_equal_length_are_cut_in_one_order():
    points, tetrahedra = lattice_tetrahedra(torch.cartesian_prod(*[torch.arange(4)] * 3))
    lattice = TetrahedralMesh(points.float(), tetrahedra)
    edges = lattice_edges(tetrahedra)
    chosen = torch.arange(len(tetrahedra)) % 7 == 0
    require_conforming(lattice, bisected(lattice.vertices, edges, edges_of(edges, chosen)))


def test_a_tetrahedron_of_which_all_edges_are_cut_falls_into_eight():
    lattice, edges = cube_lattice(4)
    every = torch.ones(len(lattice.tetrahedra), dtype=torch.bool)
    after = bisected(lattice.vertices, edges, edges_of(edges, every))
    assert len(after.mesh.tetrahedra) == 8 * len(lattice.tetrahedra)
    require_conforming(lattice, after)


def test_nothing_marked_changes_nothing():
    lattice, edges = cube_lattice(3)
    after = bisected(lattice.vertices, edges, torch.zeros(len(edges.vertices), dtype=torch.bool))
    assert torch.equal(after.mesh.tetrahedra, lattice.tetrahedra)
    assert torch.equal(after.mesh.vertices, lattice.vertices)


def test_interpolation_is_exact_for_linear_values():
    lattice, edges = cube_lattice(4)
    marked = torch.arange(len(edges.vertices)) % 3 == 0
    after = bisected(lattice.vertices, edges, marked)
    slope = torch.tensor([0.3, -1.2, 0.4])
    torch.testing.assert_close(
        after.interpolate(lattice.vertices @ slope), after.mesh.vertices @ slope
    )


def ridge_distance(points: Tensor) -> Tensor:
    """A roof along x, with an edge of 74 degrees at z = 0.3."""
    normal = torch.tensor([0.8, 0.6])
    return normal[0] * points[:, 1].abs() + normal[1] * (points[:, 2] - 0.3)


def ridge_gap(vertices: Tensor, faces: Tensor) -> float:
    along = torch.linspace(-0.5, 0.5, 101)
    tip = torch.stack([along, torch.zeros(101), torch.full((101,), 0.3)], dim=1)
    return float(DistanceField(Mesh(vertices, faces)).closest(tip).distance.mean())


def test_a_sharp_ridge_gets_nearer_and_the_surface_stays_closed_inside():
    lattice, edges = cube_lattice(8)
    coarse = march(ridge_distance(lattice.vertices), edges)
    centre = lattice.vertices[lattice.tetrahedra].mean(dim=1)
    near = (centre[:, 1].abs() < 0.2) & ((centre[:, 2] - 0.3).abs() < 0.2)
    after = bisected(lattice.vertices, edges, edges_of(edges, near))
    finer_edges = lattice_edges(after.mesh.tetrahedra)
    fine = march(ridge_distance(after.mesh.vertices), finer_edges)
    gaps = [
        ridge_gap(surface.carry(mesh.vertices), surface.faces)
        for surface, mesh in ((coarse, lattice), (fine, after.mesh))
    ]
    assert gaps[1] < 0.7 * gaps[0]
    # What has one face only lies on the lattice's own boundary.
    table = edge_table(fine.faces)
    ends = fine.edges[table.vertices[table.opposite[:, 1] < 0].reshape(-1)].reshape(-1)
    assert boundary_vertices(after.mesh.tetrahedra)[ends].all()
