"""Points move with the body that they surround."""

import torch
import trimesh

from album2avatar.body.warp import carry_points

BALL = torch.tensor(trimesh.creation.icosphere(subdivisions=4, radius=0.3).vertices).float()
AROUND = BALL[::7] * 1.2


def test_nothing_moves_between_equal_bodies():
    assert torch.allclose(carry_points(AROUND, BALL, BALL), AROUND)


def test_everything_moves_with_a_body_that_moves():
    shift = torch.tensor([0.2, -0.1, 0.4])
    assert torch.allclose(carry_points(AROUND, BALL, BALL + shift), AROUND + shift, atol=1e-5)


def test_cloth_stays_as_far_off_a_wider_body():
    wider = BALL * torch.tensor([1.1, 1.1, 1.1])
    carried = carry_points(AROUND, BALL, wider)
    assert torch.allclose(carried.norm(dim=1) - 0.33, torch.full((len(carried),), 0.06), atol=0.004)
