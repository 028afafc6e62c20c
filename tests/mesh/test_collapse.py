"""Decimation that keeps the surface, its topology, and what is locked."""

import math

import pytest
import torch

from album2avatar.mesh.collapse import collapse_edges
from album2avatar.mesh.holes import filled_rim
from album2avatar.mesh.soundness import euler_characteristic, flaws_of, pinched_vertices
from album2avatar.mesh.types import Mesh


def ring(sides: int = 48, around: int = 24) -> Mesh:
    """A torus of radii 0.3 and 0.1."""
    u = torch.arange(sides).repeat_interleave(around) * (2 * math.pi / sides)
    v = torch.arange(around).repeat(sides) * (2 * math.pi / around)
    far = 0.3 + 0.1 * v.cos()
    vertices = torch.stack([far * u.cos(), far * u.sin(), 0.1 * v.sin()], 1)
    i = torch.arange(sides).repeat_interleave(around)
    j = torch.arange(around).repeat(sides)
    a, b = i * around + j, (i + 1) % sides * around + j
    c, d = (i + 1) % sides * around + (j + 1) % around, i * around + (j + 1) % around
    return Mesh(vertices, torch.cat([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)]))


def test_a_ring_stays_a_ring() -> None:
    mesh = ring()
    fewer = collapse_edges(mesh, torch.zeros(len(mesh.vertices), dtype=torch.bool), 300).mesh
    assert len(fewer.faces) <= 301
    assert flaws_of(fewer) == []
    assert euler_characteristic(fewer) == euler_characteristic(mesh) == 0
    flat = fewer.vertices[:, :2].norm(dim=1) - 0.3
    radius = torch.stack([flat, fewer.vertices[:, 2]]).norm(dim=0)
    assert float((radius - 0.1).abs().max()) < 0.008


def test_locked_vertices_stay_bit_by_bit() -> None:
    mesh = ring()
    locked = mesh.vertices[:, 0] > 0.1
    fewer = collapse_edges(mesh, locked, 900)
    kept = locked[mesh.faces].all(1)
    assert bool(torch.isin(kept.nonzero().squeeze(1), fewer.old_faces).all())
    rows = torch.isin(fewer.old_faces, kept.nonzero().squeeze(1))
    same = mesh.vertices[mesh.faces[fewer.old_faces[rows]]]
    assert torch.equal(fewer.mesh.vertices[fewer.mesh.faces[rows]], same)
    assert flaws_of(fewer.mesh) == []


def test_two_balls_at_one_vertex_are_pinched() -> None:
    one = Mesh(
        torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        torch.tensor([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]),
    )
    other = torch.where(one.faces == 0, 0, one.faces + 3)
    both = Mesh(torch.cat([one.vertices, -one.vertices[1:]]), torch.cat([one.faces, other]))
    assert flaws_of(one) == []
    assert pinched_vertices(one.faces) == 0
    assert pinched_vertices(both.faces) == 1
    assert flaws_of(both) == ["it is pinched at a vertex"]
    assert flaws_of(Mesh(one.vertices, one.faces[1:]))[0] == "it is not closed"


@pytest.mark.parametrize("count", [5, 12])
def test_a_flat_hole_is_filled_with_its_own_area(count: int) -> None:
    angle = torch.arange(count) * (2 * math.pi / count)
    vertices = torch.stack([angle.cos(), angle.sin(), torch.zeros(count)], 1)
    rim = torch.arange(count).flip(0)  # as the faces beside the hole run
    faces = filled_rim(rim, vertices, torch.zeros(0, 3, dtype=torch.int64))
    assert len(faces) == count - 2
    corners = vertices[faces]
    normals = torch.linalg.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    true = count / 2 * math.sin(2 * math.pi / count)
    assert float(normals[:, 2].abs().sum() / 2) == pytest.approx(true, rel=1e-5)
    assert bool((normals[:, 2].sign() == normals[0, 2].sign()).all())
