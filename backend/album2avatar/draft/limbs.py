"""The parts of the body that a photo may have elsewhere than the fitted pose says."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.limb_bones import limb_of_bones
from album2avatar.body.types import PhotoPoses, Skeleton

_ENDS = ("eye", "hand", "toe")
"""Keypoints that begin no limb: what is beyond them is a part of hand, foot or head."""


@dataclass(frozen=True)
class Limbs:
    """Bones that are shifted together: trunk, neck, head, and each arm and leg in three."""

    of_bone: Tensor
    """(J,) int64, the limb of each bone; 0 is the trunk."""
    weights: Tensor
    """(V, L) how far each vertex goes with each limb; rows sum to 1."""

    @property
    def count(self) -> int:
        """L."""
        return self.weights.shape[1]

    @staticmethod
    def of(skeleton: Skeleton, kind: str, weights: Tensor) -> "Limbs":
        """Find the limbs of a skeleton.

        Args:
            kind: of the body.
            weights: (V, J) skinning weights.
        """
        starts = {
            bone for keypoint, bone in keypoint_bones(kind).items() if not keypoint.endswith(_ENDS)
        }
        numbered = [name for name in skeleton.names[1:] if name in starts]
        of_bone = limb_of_bones(skeleton, {name: 1 + i for i, name in enumerate(numbered)})
        count = int(of_bone.max()) + 1
        summed = weights.new_zeros(len(weights), count).index_add(1, of_bone, weights)
        return Limbs(of_bone, summed)


def shift_limbs(poses: PhotoPoses, limbs: Limbs, shifts: Tensor) -> PhotoPoses:
    """Move limbs across the pictures.

    Args:
        shifts: (P, L, 2) metres to the right and up in each camera's frame.
    """
    across = torch.einsum("plk,pkc->plc", shifts, poses.cameras.world_to_view[:, :2, :3])
    transforms = poses.bone_transforms.clone()
    transforms[:, :, :3, 3] += across[:, limbs.of_bone]
    return replace(poses, bone_transforms=transforms)
