"""Which way through a clip's guesses is taken."""

import math

import torch

from album2avatar.fitting.clip_guess import interpolated, likeliest_ways
from album2avatar.fitting.clip_tracking import accelerations
from album2avatar.fitting.variables import FitVariables


def test_a_person_turns_on_and_on_though_one_frame_is_misread() -> None:
    """Every second way is the truth seen in a mirror; in one frame it looks a little better."""
    seconds = torch.arange(9) * 0.2
    true = 0.35 * torch.arange(9)
    yaws = torch.stack([true, math.pi - true], 1)
    energy = torch.tensor([[0.0, 2.0]]).repeat(9, 1)
    energy[4] = torch.tensor([1.5, 0.0])
    assert likeliest_ways(energy, yaws, seconds).tolist() == [0] * 9
    assert energy.argmin(-1).tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]


def test_poses_between_guesses_turn_the_short_way_round() -> None:
    count = 2
    known = FitVariables(
        shape=torch.zeros(0),
        turns=torch.stack([torch.zeros(1, 3), torch.ones(1, 3)]),
        yaw=torch.tensor([3.0, -3.0]),
        tilt=torch.zeros(count, 2),
        place=torch.zeros(count, 3),
        log_focal=torch.ones(count),
    )
    seconds = torch.tensor([0.0, 0.5, 1.0, 1.5])
    found = interpolated(known, torch.tensor([0.5, 1.0]), seconds)
    # From 3 over pi to -3 are 0.28 radians.
    torch.testing.assert_close(
        found.yaw, torch.tensor([3.0, 3.0, 2 * math.pi - 3.0, 2 * math.pi - 3.0])
    )
    torch.testing.assert_close(found.turns[:, 0, 0], torch.tensor([0.0, 0.0, 1.0, 1.0]))


def test_accelerations_of_a_fall_are_even_at_uneven_moments() -> None:
    seconds = torch.tensor([0.0, 0.1, 0.15, 0.3, 0.35], dtype=torch.float64)
    fallen = (-4.905 * seconds.square())[:, None]
    found = accelerations(fallen, seconds)
    torch.testing.assert_close(found, torch.full_like(found, -9.81))
