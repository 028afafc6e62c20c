"""The poses of all frames together: one camera, one body, and motions that people make."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.fixed import FixedBody
from album2avatar.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)
from album2avatar.fitting.energy import (
    focal_energy,
    keypoint_energy,
    keypoint_residuals,
    keypoint_spreads,
    pose_energy,
)
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.silhouettes import Skin, body_coverage
from album2avatar.fitting.variables import (
    FitVariables,
    PosedBodies,
    cameras_of,
    joint_spreads,
)
from album2avatar.progress import JobControl
from album2avatar.settings import ClipSettings, FittingSettings

FIRST_REACH, LAST_REACH = 0.6, 0.12
"""Metres beyond which a keypoint is taken for a mistake, at first and from half-way to the
outlines on: an arm that was guessed hanging must still hear of its raised hand."""
BELIEVED = 0.15
"""Metres around the avatar within which the segmentation is heard: it takes floors for people."""
OUTLINE_SHARE = 3
"""Every so many frames' outlines are compared in a step, others in the next."""
TURN_ACCELERATION = math.radians(1200.0)
"""Usual change of a joint's speed in a second, per second; waving has three times that."""
_RATES = {"turns": 0.06, "yaw": 0.03, "tilt": 0.02, "place": 0.012}
_FOCAL_RATE = 0.01


@dataclass(frozen=True)
class TrackProblem:
    """What stays the same from step to step."""

    model: FixedBody
    skin: Skin
    observations: Observations
    seconds: Tensor
    """(T,) when each frame is shown."""
    log_focal: float
    fitting: FittingSettings
    clip: ClipSettings


def track(
    problem: TrackProblem,
    guess: FitVariables,
    checkpoint: Path,
    job: JobControl,
) -> FitVariables:
    """Fit, from the first guess or from where a stopped run left off."""
    clip = problem.clip
    total = clip.keypoint_steps + clip.outline_steps
    state = load_checkpoint(checkpoint)
    names = list(_RATES)
    first = guess.tensors() if state is None else state.tensors
    leaves = {name: first[name].detach().clone().requires_grad_() for name in names}
    # One camera: one focal length, which all frames share.
    focal = first["log_focal"].detach().mean()[None].clone().requires_grad_()
    optimizer = torch.optim.Adam(
        [*({"params": [leaf]} for leaf in leaves.values()), {"params": [focal]}],
        betas=(0.9, 0.98),
    )
    start = 0
    if state is not None:
        restore_optimizer(optimizer, state.tensors, "adam")
        start = state.step

    def variables() -> FitVariables:
        shared = focal.expand(len(problem.seconds))
        return FitVariables(shape=torch.zeros(0), log_focal=shared, **leaves)

    for step in job.steps(total, start):
        _set_rates(optimizer, step, clip)
        energy = track_energy(problem, variables(), step)
        optimizer.zero_grad()
        energy.backward()  # pyright: ignore[reportUnknownMemberType]
        optimizer.step()
        done = step + 1
        if done % clip.checkpoint_every == 0:
            tensors = {**leaves, "log_focal": focal} | optimizer_tensors(optimizer, "adam")
            save_checkpoint(checkpoint, done, tensors)
        job.report(done, total, metrics={"energy": energy.item()})
    found = variables()
    return FitVariables(**{name: value.detach() for name, value in found.tensors().items()})


def track_energy(problem: TrackProblem, variables: FitVariables, step: int) -> Tensor:
    """Energy of all frames and of the motion between them, a scalar."""
    model, observations = problem.model, problem.observations
    bodies = PosedBodies.of(model, variables)
    residuals = keypoint_residuals(model, variables, bodies.joints, observations)
    spreads = keypoint_spreads(variables, problem.fitting.keypoint_spread)
    fit = keypoint_energy(residuals, observations.confidence, spreads, _reach(problem.clip, step))
    energy = (fit + pose_energy(model, variables)).sum()
    energy = energy + motion_energy(
        model, variables, bodies.joints, problem.seconds, problem.clip.acceleration
    )
    focal = focal_energy(variables, problem.log_focal, problem.fitting.focal_spread)
    energy = energy + focal.mean()
    if step >= problem.clip.keypoint_steps:
        rows = torch.arange(step % OUTLINE_SHARE, len(problem.seconds), OUTLINE_SHARE)
        away = outline_areas(problem, variables.select(rows), rows)
        share = len(problem.seconds) / len(rows)
        energy = energy + share * problem.clip.outline_weight * away.sum()
    return energy


def motion_energy(
    model: FixedBody,
    variables: FitVariables,
    joints: Tensor,
    seconds: Tensor,
    acceleration: float,
) -> Tensor:
    """Energy of joints that speed up or slow down, a scalar.

    Half the squared accelerations of keypoints in space, and of turns, in usual ones.

    Args:
        joints: (T, J, 3) of the posed bodies.
    """
    if len(seconds) < 3:
        return variables.yaw.new_zeros(())
    moving = joints[:, torch.cat([model.keypoint_bones, model.joint_bones]).unique()]
    angles = variables.turns * joint_spreads(model)
    moved = 0.5 * (accelerations(moving, seconds) / acceleration).square().sum()
    turned = 0.5 * (accelerations(angles, seconds) / TURN_ACCELERATION).square().sum()
    return moved + turned


def accelerations(values: Tensor, seconds: Tensor) -> Tensor:
    """Second derivatives (T - 2, ...) of values (T, ...) at the frames in the middle."""
    gaps = (seconds[1:] - seconds[:-1]).to(values).view(-1, *[1] * (values.ndim - 1))
    speed = (values[1:] - values[:-1]) / gaps
    return 2 * (speed[1:] - speed[:-1]) / (gaps[1:] + gaps[:-1])


def outline_areas(problem: TrackProblem, variables: FitVariables, rows: Tensor) -> Tensor:
    """Square metres at the person by which the avatar's outline and the mask differ, (P,).

    Args:
        variables: of the frames at `rows`.
    """
    wanted = problem.observations.person[rows]
    resolution = wanted.shape[1]
    aspects = problem.observations.aspects[rows]
    bodies = PosedBodies.of(problem.model, variables)
    coverage = body_coverage(bodies, cameras_of(variables), problem.skin, aspects, resolution)
    has_person = (problem.observations.confidence[rows] > 0).any(-1)
    half = (variables.place[:, 2] - variables.log_focal).detach().exp()
    areas = 4 * half.square() * aspects
    pixel = float(2 * half.median()) / resolution
    reach = max(1, round(BELIEVED / pixel))
    near = F.max_pool2d((coverage.detach() > 0.5).float()[:, None], 2 * reach + 1, 1, reach)[:, 0]
    return has_person * areas * (near * (coverage - wanted).abs()).mean((-1, -2))


def _reach(clip: ClipSettings, step: int) -> float:
    share = min(1.0, 2 * step / clip.keypoint_steps)
    return FIRST_REACH + share * (LAST_REACH - FIRST_REACH)


def _set_rates(optimizer: torch.optim.Adam, step: int, clip: ClipSettings) -> None:
    second = step >= clip.keypoint_steps
    progress = (
        (step - clip.keypoint_steps) / max(clip.outline_steps, 1)
        if second
        else step / clip.keypoint_steps
    )
    fade = (0.4 if second else 1.0) * (1.0 - 0.9 * progress)
    for group, rate in zip(optimizer.param_groups, [*_RATES.values(), _FOCAL_RATE], strict=True):
        group["lr"] = fade * rate
