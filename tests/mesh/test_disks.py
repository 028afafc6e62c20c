"""Surfaces of every topology opened to disks, cheaply."""

import numpy as np
import pytest
import torch
import trimesh

from album2avatar.mesh.cutting import InnerEdges, cut_surface, euler_number, pieces_of
from album2avatar.mesh.disks import opened_to_disk, way_to_rim


def tube(around: int = 24, along: int = 12) -> trimesh.Trimesh:
    shape = trimesh.creation.cylinder(radius=0.1, height=0.6, sections=around)
    shape = shape.subdivide_to_size(0.06)
    middle = np.abs(shape.triangles_center[:, 2]) < 0.3 - 1e-6
    return trimesh.Trimesh(shape.vertices, shape.faces[middle], process=True)


def pierced_ball() -> trimesh.Trimesh:
    """A ball with three holes."""
    ball = trimesh.creation.icosphere(subdivisions=3)
    ends = np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, -1.0]])
    away = np.linalg.norm(ball.triangles_center[:, None] - ends, axis=2).min(1)
    return trimesh.Trimesh(ball.vertices, ball.faces[away > 0.4], process=True)


SHAPES = {
    "ball": trimesh.creation.icosphere(subdivisions=2),
    "ring": trimesh.creation.torus(1.0, 0.3),
    "tube": tube(),
    "pierced ball": pierced_ball(),
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_surface_becomes_one_disk(name: str):
    shape = SHAPES[name]
    faces = np.array(shape.faces, np.int64)
    edges = InnerEdges.of(torch.from_numpy(faces))
    ends = shape.vertices[edges.vertices]
    cost = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    is_open = opened_to_disk(faces, edges, cost)
    assert is_open is not None
    surface = cut_surface(faces, edges, is_open)
    assert pieces_of(surface).max() == 0
    assert euler_number(surface) == 1
    starts, counts = np.unique(surface.rim[:, 0], return_counts=True)
    assert counts.max() == 1
    assert len(starts) == len(surface.rim)


def test_a_tube_is_cut_where_it_costs_least():
    shape = SHAPES["tube"]
    faces = np.array(shape.faces, np.int64)
    edges = InnerEdges.of(torch.from_numpy(faces))
    ends = shape.vertices[edges.vertices]
    length = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    inside = ends[:, :, 0].mean(1) < -0.07
    is_open = opened_to_disk(faces, edges, length * np.where(inside, 0.1, 1.0))
    assert is_open is not None
    cut = ends[~is_open]
    assert float(cut[:, :, 0].max()) < 0
    assert length[~is_open].sum() == pytest.approx(0.6, rel=0.15)


def test_a_cut_to_a_place_inside_leaves_a_disk():
    shape = SHAPES["tube"]
    faces = np.array(shape.faces, np.int64)
    edges = InnerEdges.of(torch.from_numpy(faces))
    cost = np.ones(len(edges.faces))
    is_open = opened_to_disk(faces, edges, cost)
    assert is_open is not None
    surface = cut_surface(faces, edges, is_open)
    inner = int(np.setdiff1d(np.arange(len(surface.vertices)), surface.rim)[5])
    is_open[way_to_rim(surface, cost, inner)] = False
    longer = cut_surface(faces, edges, is_open)
    assert euler_number(longer) == 1
    assert int(surface.vertices[inner]) in longer.vertices[np.unique(longer.rim)]


def test_two_faces_back_to_back_are_given_up():
    faces = np.array([[0, 1, 2], [1, 0, 2]])
    edges = InnerEdges.of(torch.from_numpy(faces))
    assert opened_to_disk(faces, edges, np.ones(len(edges.faces))) is None
