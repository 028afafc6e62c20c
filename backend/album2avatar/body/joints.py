"""The articulated bones and the keypoints of each template, by its kind."""

from collections.abc import Mapping

import torch
from torch import Tensor

from album2avatar.body import anny_joints, smplx_joints
from album2avatar.body.anny_joints import ANNY_JOINTS
from album2avatar.body.keypoints import KEYPOINT_BONES
from album2avatar.body.model import Joint, anatomical_frames
from album2avatar.body.smplx_joints import KEYPOINT_JOINTS, SMPLX_JOINTS
from album2avatar.body.types import CanonicalBody


def fitted_joints(kind: str) -> tuple[Joint, ...]:
    """The bones that fitting may turn in a body of a `kind`, `anny` or `smplx`."""
    return {"anny": ANNY_JOINTS, "smplx": SMPLX_JOINTS}[kind]


def keypoint_bones(kind: str) -> Mapping[str, str]:
    """Keypoint to the bone whose head it is, in a body of a `kind`."""
    return {"anny": KEYPOINT_BONES, "smplx": KEYPOINT_JOINTS}[kind]


def joint_frames(body: CanonicalBody) -> tuple[list[Joint], Tensor]:
    """The joints that a body has, N of them, and their frames (N, 3, 3) in its rest pose.

    Columns are the axes about which a joint flexes, twists and moves sideways; see `model.Joint`.
    """
    names, heads = body.skeleton.names, body.skeleton.heads
    joints = [joint for joint in fitted_joints(body.kind) if joint.bone in names]
    if not joints:
        return joints, torch.zeros(0, 3, 3)
    if body.kind == "anny":
        limbs = [anny_joints.limb_direction(joint.bone, names, heads) for joint in joints]
    else:
        tails = body.skeleton.tails
        limbs = [smplx_joints.limb_direction(joint.bone, names, heads, tails) for joint in joints]
    return joints, anatomical_frames(torch.stack(limbs))
