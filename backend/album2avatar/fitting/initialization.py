"""A first guess for every photo: several yaws are tried, the best one stays."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from album2avatar.assets import View
from album2avatar.body.keypoints import mirrored_keypoints
from album2avatar.body.kinematics import transform_heads
from album2avatar.body.model import BodyModel
from album2avatar.fitting.energy import (
    keypoint_energy,
    keypoint_residuals,
    keypoint_spreads,
    pose_energy,
)
from album2avatar.fitting.faces import FACE_AREA
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.variables import FitVariables, about_z, bone_transforms

VIEW_YAWS: dict[View, float] = {
    "front": 0.0,
    "left side": -math.pi / 2,
    "right side": math.pi / 2,
    "back": math.pi,
}
"""Yaw at which a person who stands before the camera shows this side."""

_YAWS = 8
_STEPS = 50
_VIEW_SPREAD = math.radians(50.0)
"""A view word covers 90 degrees, and the network that says it is sometimes wrong."""
_SWAP_ENERGY = 4.0
"""Cost of taking a photo's left keypoints for right ones. Networks do confuse them, mostly
in photos of backs, but then all of them at once."""
_FACE_SPREAD = 0.25
"""Error of the visible share of the face, by hair, hats and the mask's own errors."""


@dataclass(frozen=True)
class FirstGuess:
    """Where the fit starts."""

    variables: FitVariables
    observations: Observations
    """With left and right keypoints changed over in the photos of `swapped`."""
    swapped: tuple[str, ...]


@dataclass(frozen=True)
class TriedWays:
    """Every photo fitted to its keypoints in W ways."""

    variables: FitVariables
    """P * W poses, photo by photo."""
    observations: Observations
    """P * W readings of the keypoints."""
    energy: Tensor
    """(P, W), what speaks against each."""
    swapped: Tensor
    """(W,) bool, in which of them left and right are changed over."""

    def choose(self, observations: Observations, best: Tensor) -> FirstGuess:
        """Keep one way of each photo; `best` is (P,) int64."""
        count, ways = self.energy.shape
        rows = torch.arange(count) * ways + best
        chosen = replace(
            observations,
            keypoints=self.observations.keypoints[rows],
            confidence=self.observations.confidence[rows],
        )
        swapped = tuple(
            photo for photo, way in zip(observations.photos, best, strict=True) if self.swapped[way]
        )
        return FirstGuess(self.variables.select(rows), chosen, swapped)


def first_guess(
    model: BodyModel,
    observations: Observations,
    shape: Tensor,
    log_focal: float,
    keypoint_spread: float,
) -> FirstGuess:
    """Fit the usual shape to each photo's keypoints in sixteen ways and keep the best."""
    tried = try_ways(model, observations, shape, log_focal, keypoint_spread)
    return tried.choose(observations, tried.energy.argmin(-1))


def try_ways(
    model: BodyModel,
    observations: Observations,
    shape: Tensor,
    log_focal: float,
    keypoint_spread: float,
) -> TriedWays:
    """Fit the usual shape to each photo's keypoints in sixteen ways.

    Eight yaws are tried, each with the keypoints as they are named and with left and right
    changed over. What decides is how well the keypoints fit, the view word, and how much of
    the face is to be seen.
    """
    count, ways = len(observations.photos), 2 * _YAWS
    views = torch.tensor([VIEW_YAWS[view] for view in observations.views])
    offsets = (torch.arange(_YAWS) * (2 * math.pi / _YAWS)).repeat(2)
    swaps = torch.arange(ways) >= _YAWS
    yaws = (views[:, None] + offsets).flatten()
    tried = _ways_to_read(observations, swaps)
    heads = model.rest(shape).heads.detach()
    start = FitVariables(
        shape=shape,
        turns=torch.zeros(len(yaws), len(model.joints), 3),
        yaw=yaws,
        tilt=torch.zeros(len(yaws), 2),
        place=place_by_keypoints(heads[model.keypoint_bones] - heads[0], yaws, tried, log_focal),
        log_focal=torch.full((len(yaws),), log_focal),
    )
    wanted = views.repeat_interleave(ways)
    refined, energy = _refine(model, start, heads, tried, keypoint_spread, wanted)
    energy = energy + _SWAP_ENERGY * swaps.repeat(count)
    return TriedWays(refined, tried, energy.view(count, ways), swaps)


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


def face_energy(variables: FitVariables, face_area: Tensor) -> Tensor:
    """Energy of seeing more or less of the face than the yaw says, (B,).

    From the front the whole face is visible, from the side half of it, from behind nothing.

    Args:
        face_area: (B,) as in `Observations`; NaN says nothing.
    """
    metres = (variables.place[:, 2] - variables.log_focal).detach().exp()
    seen = (face_area * metres.square() / FACE_AREA).clamp(max=1.0)
    expected = (1 + torch.cos(variables.yaw)) / 2
    energy = 0.5 * ((seen.nan_to_num() - expected) / _FACE_SPREAD).square()
    return torch.where(face_area.isnan(), torch.zeros_like(energy), energy)


def _refine(
    model: BodyModel,
    start: FitVariables,
    heads: Tensor,
    observations: Observations,
    keypoint_spread: float,
    wanted: Tensor,
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
    energy = torch.zeros(len(wanted))
    for step in range(_STEPS):
        reach = 0.5 if step < _STEPS // 2 else 0.2
        joints = transform_heads(bone_transforms(model, leaves, heads), heads)
        residuals = keypoint_residuals(model, leaves, joints, observations)
        spreads = keypoint_spreads(leaves, keypoint_spread)
        fit = keypoint_energy(residuals, observations.confidence, spreads, reach)
        off_view = (1 - torch.cos(leaves.yaw - wanted)) / _VIEW_SPREAD**2
        energy = fit + pose_energy(model, leaves) + off_view
        energy = energy + face_energy(leaves, observations.face_area)
        optimizer.zero_grad()
        energy.sum().backward()
        optimizer.step()
    return FitVariables(**{k: v.detach() for k, v in leaves.tensors().items()}), energy.detach()


def _ways_to_read(observations: Observations, swaps: Tensor) -> Observations:
    """Each photo once for each of `swaps` (W,) bool, left and right changed over where True."""
    mirrored = list(mirrored_keypoints())
    swapped = swaps.repeat(len(observations.photos))[:, None]
    keypoints = observations.keypoints.repeat_interleave(len(swaps), 0)
    confidence = observations.confidence.repeat_interleave(len(swaps), 0)
    return replace(
        observations,
        keypoints=torch.where(swapped[..., None], keypoints[:, mirrored], keypoints),
        confidence=torch.where(swapped, confidence[:, mirrored], confidence),
        face_area=observations.face_area.repeat_interleave(len(swaps), 0),
    )
