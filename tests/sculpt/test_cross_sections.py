"""Level sections of ovals, whose reach is known."""

import math

import pytest
import torch

from album2avatar.sculpt.cross_sections import CrossSections

DEPTH = 0.15
WIDTHS = torch.tensor([0.32, 0.28, 0.24, 0.20, 0.20])
"""Metres, from the hem up; the legs end below the last section."""


def ovals() -> CrossSections:
    angles = torch.arange(48) * (2 * math.pi / 48)
    reach = torch.sqrt((WIDTHS[:, None] * angles.cos()) ** 2 + (DEPTH * angles.sin()) ** 2)
    bottom, top, thickness = (torch.tensor(value) for value in (0.4, 0.75, 0.1))
    return CrossSections(reach, bottom, top, thickness)


def test_distances_are_those_to_the_ovals():
    places = torch.tensor([[0.35, 0.0, 0.45], [0.0, -0.1, 0.65], [0.0, 0.0, 1.0]])
    found = ovals().distance(places)
    assert found[:2].tolist() == pytest.approx([0.03, -0.05], abs=1e-3)
    assert math.isinf(float(found[2]))


def test_what_widens_to_the_sides_deepens_as_much_and_stays_as_wide():
    flared = ovals().flared()
    for height, width in zip((0.45, 0.55, 0.65, 0.75), WIDTHS[:4].tolist(), strict=True):
        place = torch.tensor([[0.0, 0.0, height]])
        to_front = -flared.distance(place + torch.tensor([[0.0, -0.05, 0.0]])) + 0.05
        assert float(to_front) == pytest.approx(DEPTH + width - 0.2, abs=0.01)
        to_side = -flared.distance(place + torch.tensor([[0.15, 0.0, 0.0]])) + 0.15
        assert float(to_side) == pytest.approx(width, abs=0.005)


def test_a_tube_does_not_flare():
    tube = ovals()
    tube = CrossSections(tube.reach[3:4].expand(5, -1), tube.bottom, tube.top, tube.thickness)
    torch.testing.assert_close(tube.flared().reach, tube.reach)
