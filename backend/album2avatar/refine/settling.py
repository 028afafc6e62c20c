"""Poses before any picture is compared: where joints were seen, and how people stand.

Outlines pull only what overlaps them by half. A pose that is off by more than a limb's width is
brought near first; it takes seconds for all photos together.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.refine.pose_corrections import (
    CorrectedSkeleton,
    PoseCorrection,
    corrected_transforms,
)
from album2avatar.refine.seen_keypoints import FIRST_REACH, LAST_REACH, SeenKeypoints
from album2avatar.refine.usual_poses import UsualPoses

STEPS = 80
FIRST_RATE, LAST_RATE = 0.1, 0.01
"""Length of a step in usual errors."""
KEPT = 0.36
"""What a correction of one usual error counts. The fitted pose is no second witness: it comes from
the same keypoints. With this a joint is held within 10 degrees of it."""


@dataclass(frozen=True)
class PoseEvidence:
    """What is known of P photos' poses but for their pictures."""

    skeleton: CorrectedSkeleton
    poses: PhotoPoses
    """As fitted."""
    usual: UsualPoses
    seen: SeenKeypoints

    @staticmethod
    def of(body: CanonicalBody, poses: PhotoPoses, seen: SeenKeypoints) -> "PoseEvidence":
        """`seen` in the photos, in the order of the poses."""
        return PoseEvidence(
            CorrectedSkeleton.of(body),
            poses,
            UsualPoses.of(body),
            seen,
        )

    def at(self, index: int) -> "PoseEvidence":
        """What is known of one photo's pose."""
        return replace(self, poses=self.poses.take([index]), seen=self.seen.at(index))

    def transforms(self, correction: PoseCorrection) -> Tensor:
        """(P, J, 4, 4) with a correction of all P photos."""
        return corrected_transforms(self.skeleton, self.poses.bone_transforms, correction)

    def energy(self, correction: PoseCorrection, transforms: Tensor) -> Tensor:
        """Half squared usual errors of the corrections, and how unusual the poses are, a scalar.

        Args:
            correction: of the photos' poses, and the (P, J, 4, 4) `transforms` that it leads to.
        """
        return KEPT * correction.energy + self.usual.energy(transforms).sum()


def settle(evidence: PoseEvidence) -> PoseCorrection:
    """The corrections (P, N, 3) and (P, 3) that suit keypoints and usual poses best.

    Keypoints that are far off are heard at first and less and less.
    """
    count, bones = len(evidence.poses.photos), len(evidence.skeleton.bones)
    correction = PoseCorrection(
        torch.zeros(count, bones, 3).requires_grad_(), torch.zeros(count, 3).requires_grad_()
    )
    optimizer = torch.optim.Adam([correction.turns, correction.shift], betas=(0.9, 0.99))
    for step in range(STEPS):
        done = step / STEPS
        optimizer.param_groups[0]["lr"] = FIRST_RATE + done * (LAST_RATE - FIRST_RATE)
        reach = FIRST_REACH * (LAST_REACH / FIRST_REACH) ** done
        optimizer.zero_grad()
        transforms = evidence.transforms(correction)
        seen = evidence.seen.energy(evidence.poses, transforms, reach).sum()
        (evidence.energy(correction, transforms) + seen).backward()
        optimizer.step()
    return PoseCorrection(correction.turns.detach(), correction.shift.detach())
