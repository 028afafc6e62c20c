"""Which of SMPL-X's joints fitting turns, and where the keypoints are."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.body.model import Joint, mirrored_ranges

_MIDDLE = (
    Joint("spine1", (-15, -15, -15), (30, 15, 15), (7, 5, 5)),
    Joint("spine2", (-15, -15, -15), (30, 15, 15), (7, 5, 5)),
    Joint("spine3", (-15, -15, -15), (30, 15, 15), (7, 5, 5)),
    Joint("neck", (-25, -35, -20), (25, 35, 20), (10, 12, 8)),
    Joint("head", (-25, -35, -20), (25, 35, 20), (10, 12, 8)),
)

_LEFT = (
    Joint("left_collar", (-15, -2, -5), (20, 2, 25), (5, 1, 6)),
    Joint("left_shoulder", (-50, -60, -55), (120, 60, 100), (25, 15, 28)),
    Joint("left_elbow", (-5, -50, -3), (140, 50, 3), (35, 12, 1.5)),
    Joint("left_wrist", (-40, -10, -25), (40, 10, 25), (10, 4, 8)),
    Joint("left_hip", (-30, -40, -25), (110, 40, 50), (18, 10, 9)),
    Joint("left_knee", (-130, -5, -2), (5, 5, 2), (22, 2, 1)),
    Joint("left_ankle", (-45, -20, -10), (25, 20, 10), (10, 7, 4)),
)

SMPLX_JOINTS: tuple[Joint, ...] = (
    *_MIDDLE,
    *_LEFT,
    *(
        replace(mirrored_ranges(joint), bone=joint.bone.replace("left_", "right_"))
        for joint in _LEFT
    ),
)

KEYPOINT_JOINTS: dict[str, str] = {
    "pelvis": "pelvis",
    "neck": "neck",
    "head": "head",
    "left_eye": "left_eye_smplhf",
    "right_eye": "right_eye_smplhf",
    "left_shoulder": "left_shoulder",
    "right_shoulder": "right_shoulder",
    "left_elbow": "left_elbow",
    "right_elbow": "right_elbow",
    "left_wrist": "left_wrist",
    "right_wrist": "right_wrist",
    "left_hand": "left_middle1",
    "right_hand": "right_middle1",
    "left_hip": "left_hip",
    "right_hip": "right_hip",
    "left_knee": "left_knee",
    "right_knee": "right_knee",
    "left_ankle": "left_ankle",
    "right_ankle": "right_ankle",
    "left_toe": "left_foot",
    "right_toe": "right_foot",
}
"""Keypoint to the SMPL-X joint that it is."""

NEXT_JOINTS: dict[str, str] = {
    "pelvis": "spine1",
    "spine3": "neck",
    "left_wrist": "left_middle1",
    "right_wrist": "right_middle1",
}
"""Where bones with several children point; others point at their only child."""


def limb_direction(bone: str, names: Sequence[str], heads: Tensor, tails: Tensor) -> Tensor:
    """Where the limb behind a joint points, (3,); feet go on where the shin points.

    Args:
        bone: of `SMPLX_JOINTS`.
        names, heads, tails: of all J bones, (J, 3).
    """
    if bone == "head":
        return torch.tensor([0.0, 0.0, 1.0])
    at = names.index(bone)
    if bone.endswith("_ankle"):
        return heads[at] - heads[names.index(bone.replace("_ankle", "_knee"))]
    return tails[at] - heads[at]
