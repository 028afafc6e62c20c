"""Corrections turn bones where they are in the photo."""

import math

import torch

from album2avatar.refine.pose_corrections import (
    PLACE_SPREAD,
    TURN_SPREAD,
    CorrectedSkeleton,
    PoseCorrection,
    corrected_transforms,
)

CHAIN = CorrectedSkeleton(
    parents=(-1, 0, 1, 1),
    heads=torch.tensor([[0.0, 0.0, 1.0], [0.3, 0.0, 1.4], [0.6, 0.0, 1.4], [0.3, 0.0, 1.6]]),
    bones=torch.tensor([0, 1, 2]),
)


def posed() -> torch.Tensor:
    """(1, 4, 4, 4): the whole chain is turned by 90 degrees about Z and moved."""
    turn = torch.tensor([[0.0, -1, 0, 0.5], [1, 0, 0, 2.0], [0, 0, 1, 0], [0, 0, 0, 1]])
    return turn.repeat(1, 4, 1, 1)


def places(transforms: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """(4, 3): a point on each bone, moved with it."""
    rows = torch.cat([points, torch.ones(4, 1)], 1)
    return torch.einsum("jrc,jc->jr", transforms[0], rows)[:, :3]


def test_no_correction_leaves_the_fitted_pose():
    found = corrected_transforms(CHAIN, posed(), PoseCorrection.none(CHAIN))
    assert torch.allclose(found, posed(), atol=1e-6)


def test_a_turned_bone_takes_its_children_along_and_nothing_else():
    turns = torch.zeros(3, 3)
    turns[2] = torch.tensor([0.0, 0.0, math.radians(90) / TURN_SPREAD])
    found = corrected_transforms(CHAIN, posed(), PoseCorrection(turns, torch.zeros(3)))
    tips = CHAIN.heads + torch.tensor([0.2, 0.0, 0.0])
    before, after = places(posed(), tips), places(found, tips)
    assert torch.allclose(after[[0, 1, 3]], before[[0, 1, 3]], atol=1e-6)
    # In the photo the bone points along +Y; a quarter about Z points it along -X.
    head = places(posed(), CHAIN.heads)[2]
    assert torch.allclose(after[2] - head, torch.tensor([-0.2, 0.0, 0.0]), atol=1e-5)

    turns = torch.zeros(3, 3)
    turns[1] = torch.tensor([0.0, 0.0, math.radians(90) / TURN_SPREAD])
    found = corrected_transforms(CHAIN, posed(), PoseCorrection(turns, torch.zeros(3)))
    moved = (places(found, tips) - before).norm(dim=-1)
    assert moved[0] < 1e-6
    assert (moved[1:] > 0.2).all()


def test_shifts_are_metres_of_the_world():
    shift = torch.tensor([0.0, 2.0, -1.0])
    found = corrected_transforms(CHAIN, posed(), PoseCorrection(torch.zeros(3, 3), shift))
    moved = places(found, CHAIN.heads) - places(posed(), CHAIN.heads)
    assert torch.allclose(moved, (PLACE_SPREAD * shift).expand(4, 3), atol=1e-6)


def test_gradients_are_those_of_finite_differences():
    generator = torch.Generator().manual_seed(0)
    chain = CorrectedSkeleton(CHAIN.parents, CHAIN.heads.double(), CHAIN.bones)
    turns = torch.randn(3, 3, generator=generator, dtype=torch.float64).requires_grad_()
    shift = torch.randn(3, generator=generator, dtype=torch.float64).requires_grad_()
    fitted = posed().double()

    def moved(turns: torch.Tensor, shift: torch.Tensor) -> torch.Tensor:
        return corrected_transforms(chain, fitted, PoseCorrection(turns, shift))

    assert torch.autograd.gradcheck(moved, (turns, shift))
