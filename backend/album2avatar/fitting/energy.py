"""What a good fit costs little of. Energies are half squared standard deviations."""

import math

import torch
from torch import Tensor

from album2avatar.body.model import BodyModel
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.variables import FitVariables, joint_spreads, project

_LIMIT_SPREAD = math.radians(3.0)
"""How far beyond its limit a joint may go."""
_BONE_SPREAD = 0.012
"""Metres by which a bone of the template and of a person of the same shape differ."""
_TILT_SPREAD = math.radians(10.0)
"""Photos are mostly taken level, of people who stand upright."""


def keypoint_residuals(
    model: BodyModel, variables: FitVariables, joints: Tensor, observations: Observations
) -> Tensor:
    """How far the body's keypoints are from the seen ones, (P, K) metres at the person.

    Args:
        joints: (P, J, 3) of the posed bodies.
    """
    points = joints[:, model.keypoint_bones]
    offset = project(points, variables.log_focal) - observations.keypoints
    metres = (variables.place[:, 2] - variables.log_focal).detach().exp()
    squared = (offset * offset).sum(-1) + 1e-12
    return squared.sqrt() * metres[:, None]


def keypoint_spreads(variables: FitVariables, image_share: float) -> Tensor:
    """Usual error of a photo's keypoints, (P,) metres at the person.

    Args:
        image_share: error of the network that found them, in image heights.
    """
    image_height = 2 * (variables.place[:, 2] - variables.log_focal).detach().exp()
    return torch.hypot(image_share * image_height, torch.tensor(_BONE_SPREAD))


def keypoint_energy(residuals: Tensor, confidence: Tensor, spreads: Tensor, reach: float) -> Tensor:
    """Robust energy of keypoints, (P,).

    Args:
        residuals: (P, K) metres.
        confidence: (P, K), 0 where not seen.
        spreads: (P,) usual errors in metres.
        reach: metres beyond which a keypoint is taken for a mistake and pulls no more.

    Source: Geman and McClure 1987, the function that saturates.
    """
    squared = residuals.square()
    return 0.5 * (confidence * squared / (1 + squared / reach**2)).sum(-1) / spreads.square()


def pose_energy(model: BodyModel, variables: FitVariables) -> Tensor:
    """Energy of unusual poses and of turns beyond the joints' limits, (P,)."""
    spreads = joint_spreads(model)
    lower = torch.deg2rad(torch.tensor([joint.lower for joint in model.joints]).reshape(-1, 3))
    upper = torch.deg2rad(torch.tensor([joint.upper for joint in model.joints]).reshape(-1, 3))
    turns = variables.turns * spreads
    beyond = (lower - turns).clamp(min=0) + (turns - upper).clamp(min=0)
    usual = 0.5 * variables.turns.square().sum((-1, -2))
    limits = 0.5 * (beyond / _LIMIT_SPREAD).square().sum((-1, -2))
    tilt = 0.5 * (variables.tilt / _TILT_SPREAD).square().sum(-1)
    return usual + limits + tilt


def focal_energy(variables: FitVariables, usual_log_focal: float, spread: float) -> Tensor:
    """Energy of an unusual focal length, (P,)."""
    return 0.5 * ((variables.log_focal - usual_log_focal) / spread).square()


def shape_energy(shape: Tensor, usual: Tensor) -> Tensor:
    """Energy of an unusual shape (S,), a scalar."""
    return 0.5 * (shape - usual).square().sum()
