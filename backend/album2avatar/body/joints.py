"""The articulated bones and the keypoints of each template, by its kind."""

from collections.abc import Mapping

from album2avatar.body.anny_joints import ANNY_JOINTS
from album2avatar.body.keypoints import KEYPOINT_BONES
from album2avatar.body.model import Joint
from album2avatar.body.smplx_joints import KEYPOINT_JOINTS, SMPLX_JOINTS


def fitted_joints(kind: str) -> tuple[Joint, ...]:
    """The bones that fitting may turn in a body of a `kind`, `anny` or `smplx`."""
    return {"anny": ANNY_JOINTS, "smplx": SMPLX_JOINTS}[kind]


def keypoint_bones(kind: str) -> Mapping[str, str]:
    """Keypoint to the bone whose head it is, in a body of a `kind`."""
    return {"anny": KEYPOINT_BONES, "smplx": KEYPOINT_JOINTS}[kind]
