"""Small turns on top of the fitted poses."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.joints import fitted_joints
from album2avatar.body.kinematics import forward_kinematics, rotation_matrices, transform_heads
from album2avatar.body.types import CanonicalBody, PhotoPoses

TURN_SPREAD = math.radians(6.0)
"""Usual error of a fitted joint."""
ROOT_SPREAD = math.radians(4.0)
"""Usual error of how the whole body is turned."""
PLACE_SPREAD = 0.03
"""Usual error of where it stands, metres."""


@dataclass(frozen=True)
class CorrectedSkeleton:
    """Which bones of a body may be turned."""

    parents: tuple[int, ...]
    heads: Tensor
    """(J, 3) canonical."""
    bones: Tensor
    """(N,) int64; the first is the root."""

    @staticmethod
    def of(body: CanonicalBody) -> "CorrectedSkeleton":
        """The root, and the bones that fitting turns, as far as the body has them."""
        names = body.skeleton.names
        turned = {joint.bone for joint in fitted_joints(body.kind)}
        bones = torch.tensor([0, *(i for i in range(1, len(names)) if names[i] in turned)])
        return CorrectedSkeleton(body.skeleton.parents, body.skeleton.heads, bones)


@dataclass(frozen=True)
class PoseCorrection:
    """What one photo's pose lacks, or P photos' poses; leaves that an optimiser changes."""

    turns: Tensor
    """(N, 3) or (P, N, 3) rotation vectors of the skeleton's `bones` in world axes, in units of
    their spread."""
    shift: Tensor
    """(3,) or (P, 3) in units of PLACE_SPREAD."""

    @staticmethod
    def none(skeleton: CorrectedSkeleton) -> "PoseCorrection":
        """Nothing is corrected yet."""
        turns = torch.zeros(len(skeleton.bones), 3, device=skeleton.heads.device)
        shift = torch.zeros(3, device=skeleton.heads.device)
        return PoseCorrection(turns.requires_grad_(), shift.requires_grad_())

    @property
    def energy(self) -> Tensor:
        """Half the squared size in usual errors, a scalar."""
        return 0.5 * (self.turns.square().sum() + self.shift.square().sum())


def corrected_transforms(
    skeleton: CorrectedSkeleton, transforms: Tensor, correction: PoseCorrection
) -> Tensor:
    """Bone transforms (P, J, 4, 4) of photos with their poses corrected.

    Each bone is turned about its posed head, after which its children follow, so that a
    correction of nothing leaves the fitted pose as it was.

    Args:
        transforms: (P, J, 4, 4), canonical to posed, as fitted; P is 1 for a correction without
            that axis.
    """
    heads = transform_heads(transforms, skeleton.heads)
    spreads = torch.full((len(skeleton.bones), 1), TURN_SPREAD, device=heads.device)
    spreads[0] = ROOT_SPREAD
    turns = rotation_matrices(correction.turns * spreads).expand(len(heads), -1, 3, 3)
    local = torch.eye(3, dtype=heads.dtype, device=heads.device).repeat(*heads.shape[:2], 1, 1)
    local = local.index_copy(1, skeleton.bones.to(heads.device), turns)
    moved = forward_kinematics(skeleton.parents, heads, local) @ transforms
    shift = torch.zeros_like(moved)
    shift[..., :3, 3] = PLACE_SPREAD * correction.shift[..., None, :]
    return moved + shift


def corrected_poses(
    skeleton: CorrectedSkeleton, poses: PhotoPoses, corrections: list[PoseCorrection]
) -> PhotoPoses:
    """All photos' poses with their corrections."""
    with torch.no_grad():
        transforms = [
            corrected_transforms(skeleton, poses.bone_transforms[i : i + 1], correction)
            for i, correction in enumerate(corrections)
        ]
    return PhotoPoses(poses.photos, torch.cat(transforms), poses.cameras, poses.image_sizes)
