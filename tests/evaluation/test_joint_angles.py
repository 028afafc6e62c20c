"""Joint errors of turns that are known."""

import math

import numpy as np
import pytest
import torch

from album2avatar.body.kinematics import (
    forward_kinematics,
    rotation_matrices,
    rotation_vectors,
    transform_heads,
)
from album2avatar.body.types import PhotoPoses, Skeleton
from album2avatar.evaluation.joint_angles import (
    disturbed_poses,
    joint_errors,
    joints_in_picture,
    local_turns,
    mean_degrees,
)
from album2avatar.render.camera import orbit

HEADS = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 1.4], [0.3, 0.0, 1.4], [0.6, 0.0, 1.4]])
ARM = Skeleton(
    ("root", "chest", "upper", "lower"), (-1, 0, 1, 2), HEADS, HEADS + torch.tensor([0.3, 0, 0]),
    torch.eye(4).repeat(4, 1, 1),
)  # fmt: skip
JOINTS = (2, 3)
LIMBS = torch.tensor([[1.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
FRONT = orbit(
    torch.zeros(1), torch.zeros(1), torch.tensor([[0.0, 0.0, 1.2]]), torch.ones(1) * 2, 0.4
)
"""Looks along +Y at an arm that points along +X."""


def stood(count: int = 1) -> torch.Tensor:
    """(P, 4, 4, 4): photos in which every bone is turned somehow."""
    generator = torch.Generator().manual_seed(1)
    turns = 0.5 * torch.randn(count, 4, 3, generator=generator)
    return forward_kinematics(ARM.parents, HEADS, rotation_matrices(turns))


def turned(bone: int, axis: tuple[float, float, float], degrees: float) -> torch.Tensor:
    local = torch.eye(3).repeat(1, 4, 1, 1)
    local[0, bone] = rotation_matrices(math.radians(degrees) * torch.tensor(axis))
    return forward_kinematics(ARM.parents, HEADS, local)


def test_a_limb_turned_about_itself_the_line_of_sight_or_neither_is_told_apart():
    still = torch.eye(4).repeat(1, 4, 1, 1)
    for axis, part in (((1.0, 0, 0), "twist"), ((0, 1.0, 0), "across"), ((0, 0, 1.0), "depth")):
        # The camera looks at the chest: the upper arm's joint is seen a little from the side.
        errors = joint_errors(turned(2, axis, 8.0), still, ARM, JOINTS, LIMBS, FRONT)
        assert float(errors.angle[0, 0]) == pytest.approx(8.0, abs=1e-3)
        assert float(getattr(errors, part)[0, 0]) == pytest.approx(8.0, abs=0.1)
        # The next joint goes along and is as bent as it was.
        assert float(errors.angle[0, 1]) == pytest.approx(0.0, abs=1e-3)


def test_parts_of_an_error_add_up_like_a_vector_wherever_the_limb_is():
    true = stood(3)
    cameras = orbit(
        torch.tensor([0.0, 1.0, 2.5]), torch.tensor([0.1, -0.2, 0.3]),
        torch.tensor([[0.0, 0.0, 1.2]]).expand(3, 3), torch.full((3,), 2.0), 0.4,
    )  # fmt: skip
    found = disturbed_poses(true, ARM, JOINTS, (5.0, 10.0), np.random.default_rng(0))
    errors = joint_errors(found, true, ARM, JOINTS, LIMBS, cameras)
    whole = (errors.across.square() + errors.depth.square() + errors.twist.square()).sqrt()
    assert torch.allclose(whole, errors.angle, atol=1e-4)


def test_every_joint_is_turned_as_far_as_asked_for_and_nothing_else():
    true = stood(4)
    found = disturbed_poses(true, ARM, JOINTS, (5.0, 10.0), np.random.default_rng(0))
    before, after = (local_turns(poses, ARM.parents) for poses in (true, found))
    angles = torch.rad2deg(rotation_vectors(after @ before.transpose(-1, -2)).norm(dim=-1))
    assert (angles[:, 2:] > 4.99).all()
    assert (angles[:, 2:] < 10.01).all()
    assert float(angles[:, 2:].std()) > 0.5
    assert float(angles[:, :2].max()) < 0.1
    heads = [transform_heads(poses, HEADS) for poses in (true, found)]
    assert torch.allclose(heads[0][:, :3], heads[1][:, :3], atol=1e-5)
    again = disturbed_poses(true, ARM, JOINTS, (5.0, 10.0), np.random.default_rng(0))
    assert torch.equal(found, again)


def test_rotation_vectors_come_back_from_matrices():
    vectors = torch.tensor([[0.0, 0, 0], [1e-6, 0, 0], [0.3, -0.2, 0.1], [0.0, 3.0, 0.0]]).double()
    assert torch.allclose(rotation_vectors(rotation_matrices(vectors)), vectors, atol=1e-6)


def test_a_joint_counts_where_it_and_its_limb_are_in_the_picture():
    still = torch.eye(4).repeat(2, 4, 1, 1)
    # Pictures 1.2 m and 2 m high around (0, 0, 1.2), square: they end at x = 0.6 and x = 1.
    cameras = orbit(
        torch.zeros(2), torch.zeros(2), torch.tensor([[0.0, 0.0, 1.2]]).expand(2, 3),
        torch.tensor([1.2, 2.0]), 0.1,
    )  # fmt: skip
    poses = PhotoPoses(("near", "far"), still, cameras, torch.tensor([[64, 64], [64, 64]]))
    shown = joints_in_picture(poses, ARM, JOINTS, LIMBS)
    assert shown.tolist() == [[True, False], [True, True]]
    assert mean_degrees(torch.tensor([[3.0, 90.0], [5.0, 7.0]]), shown) == pytest.approx(5.0)
    assert math.isnan(mean_degrees(torch.ones(2, 2), torch.zeros(2, 2, dtype=torch.bool)))
