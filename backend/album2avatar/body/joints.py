"""The articulated bones of each template."""

from album2avatar.body.anny_joints import ANNY_JOINTS
from album2avatar.body.model import Joint
from album2avatar.body.smplx_joints import SMPLX_JOINTS


def fitted_joints(kind: str) -> tuple[Joint, ...]:
    """The bones that fitting may turn in a body of a `kind`, `anny` or `smplx`."""
    return {"anny": ANNY_JOINTS, "smplx": SMPLX_JOINTS}[kind]
