"""Shapes of triangles against ones whose circles and angles are known."""

import math

import pytest
import torch

from album2avatar.mesh.quality import radius_ratios, smallest_angles
from album2avatar.mesh.types import Mesh


def triangle(*corners: tuple[float, float]) -> Mesh:
    vertices = torch.tensor([[x, y, 0.3] for x, y in corners])
    return Mesh(vertices, torch.tensor([[0, 1, 2]]))


EQUILATERAL = triangle((0, 0), (1, 0), (0.5, math.sqrt(3) / 2))
RIGHT = triangle((0, 0), (3, 0), (0, 4))
"""Inscribed circle of radius 1, circumscribed of 2.5."""


def test_circles_of_known_triangles():
    assert float(radius_ratios(EQUILATERAL)) == pytest.approx(1.0)
    assert float(radius_ratios(RIGHT)) == pytest.approx(2 * 1 / 2.5)


def test_angles_of_known_triangles():
    assert float(smallest_angles(EQUILATERAL)) == pytest.approx(math.pi / 3)
    assert float(smallest_angles(RIGHT)) == pytest.approx(math.atan2(3, 4))
    obtuse = triangle((0, 0), (1, 0), (-1, 0.5))
    assert float(smallest_angles(obtuse)) == pytest.approx(math.atan2(0.5, 1) - math.atan2(0.5, 2))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e2])
def test_size_and_place_dont_count(size: float):
    moved = Mesh(RIGHT.vertices * size + 0.2 * size, RIGHT.faces)
    assert float(radius_ratios(moved)) == pytest.approx(0.8, rel=1e-4)
    assert float(smallest_angles(moved)) == pytest.approx(math.atan2(3, 4), rel=1e-4)


@pytest.mark.parametrize(
    "flat",
    [
        triangle((0, 0), (1, 0), (2, 0)),
        triangle((0, 0), (0, 0), (1, 1)),
        triangle((1, 1), (1, 1), (1, 1)),
    ],
)
def test_triangles_without_area_have_quality_zero(flat: Mesh):
    assert float(radius_ratios(flat)) == 0.0
    assert float(smallest_angles(flat)) == pytest.approx(0.0, abs=1e-6)
