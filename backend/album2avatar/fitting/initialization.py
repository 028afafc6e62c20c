"""A first guess for every photo: several yaws are tried, the best one stays."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.assets import View
from album2avatar.body.model import BodyModel
from album2avatar.fitting.energy import (
    keypoint_energy,
    keypoint_residuals,
    keypoint_spreads,
    pose_energy,
)
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.variables import FitVariables, about_z

VIEW_YAWS: dict[View, float] = {
    "front": 0.0,
    "left side": -math.pi / 2,
    "right side": math.pi / 2,
    "back": math.pi,
}
"""Yaw at which a person who stands before the camera shows this side."""

_CANDIDATES = 8
_STEPS = 60
_VIEW_SPREAD = math.radians(40.0)
"""A view word covers 90 degrees, and the network that says it is sometimes wrong."""


def first_guess(
    model: BodyModel,
    observations: Observations,
    shape: Tensor,
    log_focal: float,
    keypoint_spread: float,
) -> FitVariables:
    """Fit the usual shape to each photo's keypoints from eight yaws and keep the best.

    Left and right keypoints tell front from back only where they are right; the view word
    decides where they say little.
    """
    count = len(observations.photos)
    views = torch.tensor([VIEW_YAWS[view] for view in observations.views])
    offsets = torch.arange(_CANDIDATES) * (2 * math.pi / _CANDIDATES)
    yaws = (views[:, None] + offsets).flatten()
    repeated = _repeat(observations, _CANDIDATES)
    heads = model.rest(shape).heads.detach()
    start = FitVariables(
        shape=shape,
        turns=torch.zeros(len(yaws), len(model.joints), 3),
        yaw=yaws,
        tilt=torch.zeros(len(yaws), 2),
        place=place_by_keypoints(heads[model.keypoint_bones] - heads[0], yaws, repeated, log_focal),
        log_focal=torch.full((len(yaws),), log_focal),
    )
    refined, energy = _refine(model, start, heads, repeated, keypoint_spread, views)
    best = energy.view(count, _CANDIDATES).argmin(-1)
    return refined.select(torch.arange(count) * _CANDIDATES + best)


def place_by_keypoints(
    offsets: Tensor, yaws: Tensor, observations: Observations, log_focal: float
) -> Tensor:
    """Where a body in rest has to stand so that its keypoints fall on the seen ones.

    Perspective is linear in the place once the direction is known: with the seen position
    (a, b) over the focal length, x + tx = a (y + ty) and z + tz = b (y + ty).

    Args:
        offsets: (K, 3) of the keypoints from the root's head, metres.
        yaws: (B,).
        observations: of B photos.

    Returns:
        (B, 3) as `FitVariables.place`.
    """
    points = torch.einsum("brc,kc->bkr", about_z(yaws), offsets)
    seen = observations.keypoints / math.exp(log_focal)
    weight = observations.confidence.sqrt()
    zero, one = torch.zeros_like(weight), torch.ones_like(weight)
    rows = torch.stack(
        [torch.stack([one, -seen[..., 0], zero], -1), torch.stack([zero, -seen[..., 1], one], -1)],
        -2,
    )
    right = seen * points[..., 1:2] - torch.stack([points[..., 0], points[..., 2]], -1)
    rows = (rows * weight[..., None, None]).flatten(1, 2)
    right = (right * weight[..., None]).flatten(1, 2)
    damping = 1e-4 * torch.eye(3)
    usual = torch.tensor([0.0, 3.5, 0.0])
    normal = rows.transpose(-1, -2) @ rows + damping
    solved = torch.linalg.solve(
        normal, (rows.transpose(-1, -2) @ right[..., None])[..., 0] + damping @ usual
    )
    depth = solved[:, 1].clamp(0.3, 20.0)
    return torch.stack([solved[:, 0] / depth, solved[:, 2] / depth, depth.log()], -1)


def _refine(
    model: BodyModel,
    start: FitVariables,
    heads: Tensor,
    observations: Observations,
    keypoint_spread: float,
    views: Tensor,
) -> tuple[FitVariables, Tensor]:
    """Short fit of poses with the shape held; also the energy of each candidate."""
    leaves = FitVariables.from_tensors(start.tensors())
    optimizer = torch.optim.Adam(
        [
            {"params": [leaves.turns], "lr": 0.1},
            {"params": [leaves.yaw, leaves.tilt], "lr": 0.03},
            {"params": [leaves.place], "lr": 0.02},
        ]
    )
    wanted = views.repeat_interleave(_CANDIDATES)
    energy = torch.zeros(len(wanted))
    for step in range(_STEPS):
        reach = 0.5 if step < _STEPS // 2 else 0.2
        residuals = keypoint_residuals(model, leaves, heads, observations)
        spreads = keypoint_spreads(leaves, keypoint_spread)
        fit = keypoint_energy(residuals, observations.confidence, spreads, reach)
        off_view = (1 - torch.cos(leaves.yaw - wanted)) / _VIEW_SPREAD**2
        energy = fit + pose_energy(model, leaves) + off_view
        optimizer.zero_grad()
        energy.sum().backward()
        optimizer.step()
    return FitVariables(**{k: v.detach() for k, v in leaves.tensors().items()}), energy.detach()


def _repeat(observations: Observations, times: int) -> Observations:
    """Each photo `times` times in a row, keypoints only."""
    return replace(
        observations,
        keypoints=observations.keypoints.repeat_interleave(times, 0),
        confidence=observations.confidence.repeat_interleave(times, 0),
    )
