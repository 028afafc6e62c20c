"""A first guess for the poses of a clip: some frames in many ways, the likeliest way through."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.body.fixed import FixedBody
from album2avatar.body.keypoints import mirrored_keypoints
from album2avatar.fitting.energy import keypoint_residuals
from album2avatar.fitting.initialization import try_ways
from album2avatar.fitting.observations import LEAST_KEYPOINTS, Observations
from album2avatar.fitting.variables import FitVariables, PosedBodies

GUESSED = 30
"""Frames that are tried in all ways; those between them are interpolated."""
TURNING = math.radians(250.0)
"""Usual turn of a person in a second."""
SWERVING = math.radians(600.0)
"""Usual change of that in a second."""
SWAP_LEAD = 0.8
"""Share of the residual to which changing left and right over must bring it to be believed."""


def guess_poses(
    model: FixedBody,
    observations: Observations,
    seconds: Tensor,
    log_focal: float,
    keypoint_spread: float,
) -> tuple[FitVariables, Observations]:
    """Poses of all T frames, and the keypoints with left and right as they fit these.

    Args:
        seconds: (T,) when each frame is shown.
    """
    seen = (observations.confidence > 0).sum(-1)
    least = min(LEAST_KEYPOINTS, int(seen.max()))
    usable = (seen >= least).nonzero().squeeze(1)
    spread = torch.linspace(0, len(usable) - 1, min(GUESSED, len(usable))).round().long()
    chosen = usable[spread.unique()]
    shown = observations.select(chosen.tolist())
    tried = try_ways(model, shown, torch.zeros(0), log_focal, keypoint_spread)
    count, ways = tried.energy.shape
    yaws = tried.variables.yaw.view(count, ways)
    best = likeliest_ways(tried.energy, yaws, seconds[chosen])
    between = interpolated(tried.choose(shown, best).variables, seconds[chosen], seconds)
    return between, settled(model, observations, between)


def likeliest_ways(energy: Tensor, yaws: Tensor, seconds: Tensor) -> Tensor:
    """The way of each frame, (P,), with which the person turns as people do: on and on, not to
    and fro.

    Args:
        energy: (P, W) what speaks against each way of each frame.
        yaws: (P, W) radians.
        seconds: (P,).

    Source: Viterbi 1967, over pairs of frames.
    """
    count = len(energy)
    if count == 1:
        return energy.argmin(-1)
    gaps = (seconds[1:] - seconds[:-1]).clamp(min=1e-3)
    away = yaws[1:, None, :] - yaws[:-1, :, None]
    speeds = torch.atan2(away.sin(), away.cos()) / gaps[:, None, None]
    turning = 0.5 * (speeds / TURNING).square()
    total = energy[0][:, None] + energy[1][None] + turning[0]  # (way before, way now)
    came: list[Tensor] = []
    for index in range(1, count - 1):
        swerve = (speeds[index][None] - speeds[index - 1][:, :, None]) / gaps[index]
        through = total[:, :, None] + 0.5 * (swerve / SWERVING).square()
        came.append(through.argmin(0))
        total = through.amin(0) + energy[index + 1][None] + turning[index]
    last = int(total.argmin())
    path = [last // total.shape[1], last % total.shape[1]]
    for step in reversed(came):
        path.insert(0, int(step[path[0], path[1]]))
    return torch.tensor(path)


def interpolated(known: FitVariables, moments: Tensor, seconds: Tensor) -> FitVariables:
    """Poses at all `seconds` (T,), linear between those known at `moments` (P,)."""
    turned = known.yaw[1:] - known.yaw[:-1]
    steps = torch.atan2(turned.sin(), turned.cos())
    unwrapped = torch.cat([known.yaw[:1], known.yaw[0] + steps.cumsum(0)])
    after = torch.searchsorted(moments, seconds).clamp(1, max(len(moments) - 1, 1))
    before = after - 1
    after = after.clamp(max=len(moments) - 1)
    gap = (moments[after] - moments[before]).clamp(min=1e-6)
    share = ((seconds - moments[before]) / gap).clamp(0, 1)

    def at(values: Tensor) -> Tensor:
        weight = share.view(-1, *[1] * (values.ndim - 1)).to(values)
        return torch.lerp(values[before], values[after], weight)

    return FitVariables(
        shape=known.shape,
        turns=at(known.turns),
        yaw=at(unwrapped),
        tilt=at(known.tilt),
        place=at(known.place),
        log_focal=at(known.log_focal),
    )


@torch.no_grad()
def settled(model: FixedBody, observations: Observations, variables: FitVariables) -> Observations:
    """Left and right keypoints changed over in the frames where the poses fit better then."""
    mirrored = list(mirrored_keypoints())
    swapped = replace(
        observations,
        keypoints=observations.keypoints[:, mirrored],
        confidence=observations.confidence[:, mirrored],
    )
    joints = PosedBodies.of(model, variables).joints
    totals = [
        (one.confidence * keypoint_residuals(model, variables, joints, one)).sum(-1)
        for one in (observations, swapped)
    ]
    is_swapped = totals[1] < SWAP_LEAD * totals[0]
    return replace(
        observations,
        keypoints=torch.where(is_swapped[:, None, None], swapped.keypoints, observations.keypoints),
        confidence=torch.where(is_swapped[:, None], swapped.confidence, observations.confidence),
    )
