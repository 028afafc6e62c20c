"""Disks in the plane: lengths as on the surface where that can be, nothing folded where not."""

import math

import numpy as np
import pytest
import torch
import trimesh

from album2avatar.mesh.cutting import InnerEdges, cut_surface
from album2avatar.mesh.flattening import flat_triangle, flatten
from album2avatar.mesh.plane_shapes import crosses_itself


def sheet(columns: int, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Unit square of triangles."""
    u, v = np.meshgrid(np.linspace(0, 1, columns), np.linspace(0, 1, rows), indexing="ij")
    points = np.stack([u.ravel(), v.ravel()], 1)
    i, j = np.meshgrid(np.arange(columns - 1), np.arange(rows - 1), indexing="ij")
    a = (i * rows + j).ravel()
    b, c, d = a + rows, a + rows + 1, a + 1
    return points, np.concatenate([np.stack([a, b, c], 1), np.stack([a, c, d], 1)])


def laid(points: np.ndarray, faces: np.ndarray):
    edges = InnerEdges.of(torch.from_numpy(faces))
    surface = cut_surface(faces, edges, np.ones(len(edges.faces), np.bool_))
    return flatten(points[surface.vertices], surface.faces, surface.rim), surface


def areas(places: np.ndarray, faces: np.ndarray) -> np.ndarray:
    a, b, c = (places[faces[:, k]] for k in range(3))
    u, v = b - a, c - a
    return (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) / 2


def test_half_a_tube_is_unrolled_without_stretch():
    flat, faces = sheet(20, 12)
    angle = math.pi * flat[:, 0]
    points = np.stack([np.cos(angle), np.sin(angle), 2 * flat[:, 1]], 1)
    found, surface = laid(points, faces)
    assert found.is_sound
    assert np.abs(found.stretch - 1).max() < 0.01
    diagonal = np.linalg.norm(found.places[:, None] - found.places, axis=2).max()
    assert diagonal == pytest.approx(math.hypot(math.pi, 2), rel=0.01)
    assert areas(found.places, surface.faces).sum() == pytest.approx(2 * math.pi, rel=0.01)


def test_a_cap_beyond_half_a_ball_is_laid_without_folds():
    ball = trimesh.creation.icosphere(subdivisions=3)
    kept = ball.triangles_center[:, 2] > -0.5
    cap = trimesh.Trimesh(ball.vertices, ball.faces[kept], process=True)
    found, surface = laid(np.array(cap.vertices), np.array(cap.faces, np.int64))
    assert found.is_sound
    assert areas(found.places, surface.faces).min() > 0
    assert (found.stretch[:, 0] / found.stretch[:, 1]).max() < 4
    assert areas(found.places, surface.faces).sum() == pytest.approx(cap.area, rel=0.3)


def test_a_screw_of_more_than_a_turn_crosses_itself_nowhere():
    """A spiral staircase of 1.3 turns, unrolled flat, would lie over itself."""
    flat, faces = sheet(80, 5)
    angle = 2.6 * math.pi * flat[:, 0]
    radius = 0.2 + flat[:, 1]
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle), 0.2 * angle], 1)
    found, surface = laid(points, faces)
    assert found.is_sound
    rim = found.places[surface.rim]
    start, end = rim[:, 0], rim[:, 1]
    along = end - start

    def side(points: np.ndarray) -> np.ndarray:
        away = points[None] - start[:, None]
        return along[:, None, 0] * away[..., 1] - along[:, None, 1] * away[..., 0]

    parted = side(start) * side(end) < -1e-12
    assert not (parted & parted.T).any()


@pytest.mark.parametrize("points", [np.zeros((3, 3)), np.outer(np.arange(3), [1.0, 1, 0])])
def test_a_triangle_without_area_gets_one(points: np.ndarray):
    assert areas(flat_triangle(points), np.array([[0, 1, 2]]))[0] > 0


def test_a_single_triangle_keeps_its_form():
    points = np.array([[0.0, 0, 1], [0, 3, 1], [4, 1, 2]])
    flat = flat_triangle(points)
    for one, other in ((0, 1), (1, 2), (2, 0)):
        length = np.linalg.norm(points[one] - points[other])
        assert np.linalg.norm(flat[one] - flat[other]) == pytest.approx(length)
    assert areas(flat, np.array([[0, 1, 2]]))[0] > 0


@pytest.mark.parametrize("count", [5, 100, 700])
@pytest.mark.parametrize("turn", [0.0, 0.7])
def test_lines_that_cross_themselves_are_told(count: int, turn: float):
    """A circle, and a figure of eight whose crossing lies inside of two edges."""
    angle = 2 * np.pi * (np.arange(count) + 0.1) / count + turn
    circle = np.stack([np.cos(angle), np.sin(angle)], 1)
    assert not crosses_itself(circle)
    assert crosses_itself(np.stack([np.cos(angle), np.sin(2 * angle)], 1))
    # One place moved across the circle to beyond its far side.
    pushed = circle.copy()
    pushed[count // 2] *= -1.5
    assert crosses_itself(pushed)
