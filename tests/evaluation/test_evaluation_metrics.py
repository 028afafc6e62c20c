"""Metrics against shapes and colours whose answer is known."""

import numpy as np
import pytest
import trimesh

from album2avatar.evaluation.metrics import (
    align,
    chamfer_distance,
    color_difference,
    intersection_over_union,
    srgb_to_lab,
)
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.outer_surface import outer_points, plain_surface


@pytest.mark.parametrize(
    ("srgb", "lab"),
    [
        ((1.0, 1.0, 1.0), (100.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0)),
        ((1.0, 0.0, 0.0), (53.24, 80.09, 67.20)),
        ((0.0, 1.0, 0.0), (87.73, -86.18, 83.18)),
        ((0.0, 0.0, 1.0), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colors(srgb: tuple[float, ...], lab: tuple[float, ...]):
    """Published CIELAB values (D65) of the sRGB primaries."""
    assert srgb_to_lab(np.array(srgb)) == pytest.approx(np.array(lab), abs=0.05)


def test_color_difference_of_black_and_white_is_a_hundred():
    """ΔE*ab runs along the whole lightness axis."""
    assert color_difference(np.zeros(3), np.ones(3)) == pytest.approx(100.0, abs=0.01)


def test_overlap_of_shifted_squares():
    """Two squares that share half their area have IoU 1/3."""
    first, second = np.zeros((20, 20), bool), np.zeros((20, 20), bool)
    first[5:15, 0:10] = True
    second[5:15, 5:15] = True
    assert intersection_over_union(first, second) == pytest.approx(1 / 3)


def sphere_points(radius: float) -> np.ndarray:
    ball = trimesh.creation.icosphere(subdivisions=4, radius=radius)
    surface = plain_surface(ball.vertices, ball.faces)
    return outer_points(surface, 8000, numpy_generator(0, "test", int(radius * 100)))


def test_chamfer_of_concentric_spheres_is_the_gap():
    """Radii 1.0 and 1.1 m lie 0.1 m apart everywhere."""
    distance = chamfer_distance(sphere_points(1.0), sphere_points(1.1))
    assert distance == pytest.approx(0.1, rel=0.05)


def test_points_inside_are_left_out():
    """Of two nested spheres only the outer one is seen."""
    inner = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    outer = trimesh.creation.icosphere(subdivisions=4, radius=1.0)
    both = trimesh.util.concatenate([inner, outer])
    points = outer_points(plain_surface(both.vertices, both.faces), 2000, numpy_generator(0, "t"))
    assert np.linalg.norm(points, axis=1).min() > 0.99


def test_alignment_finds_scale_and_shift():
    """A box that was scaled and moved comes back on itself."""
    box = trimesh.creation.box((0.5, 0.3, 1.8)).subdivide().subdivide().subdivide().subdivide()
    points = np.asarray(box.vertices)
    moved = (points - [0.3, -0.1, 0.2]) / 1.07
    found = align(moved, points)
    assert found.scale == pytest.approx(1.07, rel=1e-3)
    assert np.abs(found.apply(moved) - points).max() < 1e-3
