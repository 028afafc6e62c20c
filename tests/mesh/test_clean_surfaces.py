"""Better triangles and no crossings, on shapes that are known."""

import math

import torch
import trimesh
from torch import Tensor

from album2avatar.mesh.marching import lattice_edges, march
from album2avatar.mesh.quality import smallest_angles
from album2avatar.mesh.relaxation import relaxed
from album2avatar.mesh.self_intersections import is_crossing
from album2avatar.mesh.tetrahedra import lattice_tetrahedra
from album2avatar.mesh.types import Mesh
from album2avatar.mesh.uncrossing import uncrossed


def marched(distance_at, cells: int = 14) -> Mesh:
    """The zero surface of a function of points, in the cube from -1 to 1."""
    points, tetrahedra = lattice_tetrahedra(torch.cartesian_prod(*[torch.arange(cells)] * 3))
    vertices = points.float() / cells - 1.0
    surface = march(distance_at(vertices), lattice_edges(tetrahedra))
    return Mesh(surface.carry(vertices), surface.faces)


def capsule_distance(points: Tensor) -> Tensor:
    """A thin one along x, like a finger."""
    beyond = points[:, 0].abs() - 0.5
    across = torch.cat([beyond.clamp(min=0)[:, None], points[:, 1:] - 0.03], dim=1)
    return across.norm(dim=1) - 0.15


def ball(centre: tuple[float, float, float], radius: float) -> Mesh:
    sphere = trimesh.creation.icosphere(subdivisions=3, radius=radius)
    vertices = torch.tensor(sphere.vertices).float() + torch.tensor(centre)
    return Mesh(vertices, torch.tensor(sphere.faces).long())


def test_relaxing_takes_needles_away_and_leaves_the_surface_where_it_is():
    needles = marched(capsule_distance)
    better = relaxed(needles, 5)
    least = math.radians(15)
    assert (smallest_angles(needles) < least).float().mean() > 0.08
    assert (smallest_angles(better) < least).float().mean() < 0.01
    # The chords of a lattice of 0.14 lie up to 0.016 off a curve of radius 0.15.
    assert capsule_distance(needles.vertices).abs().max() < 0.03
    assert capsule_distance(better.vertices).abs().max() < 0.03
    assert abs(float(better.vertices[:, 0].max() - needles.vertices[:, 0].max())) < 0.02


def test_a_spike_through_the_other_side_is_drawn_back_and_the_rest_stays():
    sphere = ball((0.0, 0.0, 0.0), 1.0)
    vertices = sphere.vertices.clone()
    top = int(vertices[:, 2].argmax())
    vertices[top, 2] = -1.5
    spiked = Mesh(vertices, sphere.faces)
    assert is_crossing(spiked).any()
    clean = uncrossed(spiked, sphere.vertices)
    assert not is_crossing(clean).any()
    moved = (clean.vertices - spiked.vertices).norm(dim=1) > 0
    near = (sphere.vertices - sphere.vertices[top]).norm(dim=1) < 0.8
    far_side = sphere.vertices[:, 2] < -0.8
    assert (near | far_side)[moved].all()


def test_what_smoothing_cannot_part_goes_back_to_where_it_was_safe():
    """Two closed spheres that were pushed into each other: smoothing never parts them."""
    left, right = ball((-0.6, 0.0, 0.0), 0.5), ball((0.6, 0.0, 0.0), 0.5)
    faces = torch.cat([left.faces, right.faces + len(left.vertices)])
    safe = torch.cat([left.vertices, right.vertices])
    pushed = safe.clone()
    pushed[:, 0] -= 0.2 * safe[:, 0].sign()
    assert is_crossing(Mesh(pushed, faces)).any()
    clean = uncrossed(Mesh(pushed, faces), safe)
    assert not is_crossing(clean).any()
    assert (clean.vertices == pushed).all(dim=1).any()


def test_a_clean_mesh_stays_as_it_is():
    sphere = ball((0.1, 0.2, 0.3), 1.0)
    assert torch.equal(uncrossed(sphere, sphere.vertices + 1).vertices, sphere.vertices)
