"""The fit itself: one shape and all photos' poses together, resumable."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from album2avatar.body.model import BodyModel
from album2avatar.checkpoint import (
    Checkpoint,
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
    shape_energy,
)
from album2avatar.fitting.faces import face_centre_energy
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.silhouettes import Skin, body_coverage, centring_energy, silhouette_energy
from album2avatar.fitting.variables import FitVariables, PosedBodies, cameras_of
from album2avatar.progress import JobControl
from album2avatar.settings import FittingSettings

KEYPOINT_REACH = 0.12
"""Metres beyond which a keypoint is taken for a mistake: a hand's width."""


@dataclass(frozen=True)
class FitProblem:
    """What stays the same from step to step."""

    model: BodyModel
    observations: Observations
    skin: Skin
    face: Skin
    """The face alone."""
    usual_shape: Tensor
    """(S,)."""
    log_focal: float
    photo_weights: Tensor
    """(P,) how much each photo says about the shape, mean 1."""
    settings: FittingSettings


def optimize(
    problem: FitProblem,
    first: Callable[[], FitVariables],
    checkpoint: Path,
    job: JobControl,
    show: Callable[[FitVariables, int], Path],
) -> FitVariables:
    """Fit, from the first guess or from where a stopped run left off.

    Args:
        first: makes the first guess.
        checkpoint: where the state is kept while the fit is under way.
        show: draws a preview of the variables after a step.
    """
    settings = problem.settings
    total = settings.keypoint_steps + settings.silhouette_steps
    state = load_checkpoint(checkpoint)
    variables = first() if state is None else FitVariables.from_tensors(state.tensors)
    variables = FitVariables.from_tensors(variables.tensors())
    optimizer = _optimizer(variables, state)
    for step in job.steps(total, start=0 if state is None else state.step):
        _set_rates(optimizer, step, settings)
        energy = fit_energy(problem, variables, step)
        optimizer.zero_grad()
        energy.backward()
        optimizer.step()
        done = step + 1
        due = done % settings.checkpoint_every == 0
        if due:
            tensors = variables.tensors() | optimizer_tensors(optimizer, "adam")
            save_checkpoint(checkpoint, done, tensors)
        job.report(
            done,
            total,
            metrics={"energy": energy.item()},
            preview=show(variables, done) if due or done == total else None,
        )
    return FitVariables(**{name: value.detach() for name, value in variables.tensors().items()})


def fit_energy(problem: FitProblem, variables: FitVariables, step: int) -> Tensor:
    """Energy of all photos and of the shape, a scalar.

    Photos weigh differently only where they meet, in the shape; a pose is its photo's own.
    """
    model, observations, settings = problem.model, problem.observations, problem.settings
    bodies = PosedBodies.of(model, variables)
    residuals = keypoint_residuals(model, variables, bodies.joints, observations)
    spreads = keypoint_spreads(variables, settings.keypoint_spread)
    photos = keypoint_energy(residuals, observations.confidence, spreads, KEYPOINT_REACH)
    if step >= settings.keypoint_steps:
        coverage = body_coverage(
            bodies,
            cameras_of(variables),
            problem.skin,
            observations.aspects,
            settings.silhouette_resolution,
        )
        area = silhouette_energy(coverage, observations, variables, settings.loose_share)
        aside = centring_energy(coverage, observations, variables)
        photos = photos + settings.silhouette_weight * area + settings.centring_weight * aside
    photos = photos + face_centre_energy(bodies, variables, problem.face, observations)
    photos = photos + pose_energy(model, variables)
    photos = photos + focal_energy(variables, problem.log_focal, settings.focal_spread)
    return (problem.photo_weights * photos).sum() + shape_energy(
        variables.shape, problem.usual_shape
    )


def photo_weights(residuals: Tensor, confidence: Tensor, spreads: Tensor) -> Tensor:
    """Weight photos by how well their keypoints fit a body at all, (P,), mean 1.

    A photo whose residuals are as small as usual counts more than half; one whose residuals
    are three times as large counts a tenth.
    """
    typical = (confidence * residuals).sum(-1) / confidence.sum(-1)
    weights = 1 / (1 + (typical / spreads).square())
    return weights / weights.mean()


def _optimizer(variables: FitVariables, state: Checkpoint | None) -> torch.optim.Adam:
    optimizer = torch.optim.Adam([{"params": [value]} for value in variables.tensors().values()])
    if state is not None:
        restore_optimizer(optimizer, state.tensors, "adam")
    return optimizer


def _set_rates(optimizer: torch.optim.Adam, step: int, settings: FittingSettings) -> None:
    """Step sizes: large at first in both phases, small at the end of each."""
    phase = settings.keypoint_steps, settings.silhouette_steps
    second = step >= phase[0]
    progress = (step - phase[0]) / phase[1] if second else step / phase[0]
    fade = (0.5 if second else 1.0) * (1.0 - 0.9 * progress)
    rates = {"shape": 0.05, "turns": 0.06, "yaw": 0.02, "tilt": 0.02, "place": 0.01}
    rates["log_focal"] = 0.01
    for group, rate in zip(optimizer.param_groups, rates.values(), strict=True):
        group["lr"] = fade * rate
