"""How people stand: what their joints allow, and how far they are usually turned."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.joints import joint_frames
from album2avatar.body.kinematics import rotation_vectors
from album2avatar.body.types import CanonicalBody

LIMIT_SPREAD = 6.0
"""Degrees by which a joint may go beyond its limit."""
LEAST_SPREAD = 4.0
"""Degrees. An elbow turns about one axis, but a template's axis isn't quite a person's."""


@dataclass(frozen=True)
class UsualPoses:
    """The N joints of a body. Angles in radians."""

    bones: Tensor
    """(N,) int64."""
    above: Tensor
    """(N,) int64, their parents."""
    frames: Tensor
    """(N, 3, 3) axes of each joint in the rest pose, columns."""
    spreads: Tensor
    """(N, 3) usual turns about these axes."""
    lower: Tensor
    """(N, 3) smallest turns."""
    upper: Tensor
    """(N, 3) largest turns."""

    @staticmethod
    def of(body: CanonicalBody) -> "UsualPoses":
        """The joints that fitting turns, as far as the body has them."""
        joints, frames = joint_frames(body)
        bones = [body.skeleton.names.index(joint.bone) for joint in joints]
        table = [(joint.spread, joint.lower, joint.upper) for joint in joints]
        spreads, lower, upper = torch.deg2rad(torch.tensor(table).view(-1, 3, 3)).unbind(1)
        spreads = spreads.clamp(min=math.radians(LEAST_SPREAD))
        above = torch.tensor([body.skeleton.parents[bone] for bone in bones], dtype=torch.int64)
        return UsualPoses(
            torch.tensor(bones, dtype=torch.int64), above, frames, spreads, lower, upper
        )

    def energy(self, transforms: Tensor) -> Tensor:
        """Half the squared turns in usual sizes, and what is beyond the limits, (P,).

        Args:
            transforms: (P, J, 4, 4), canonical to posed.
        """
        turned = transforms[..., :3, :3]
        local = turned[:, self.above].transpose(-1, -2) @ turned[:, self.bones]
        vectors = rotation_vectors(self.frames.transpose(-1, -2) @ local @ self.frames)
        beyond = (self.lower - vectors).clamp(min=0) + (vectors - self.upper).clamp(min=0)
        limits = torch.rad2deg(beyond) / LIMIT_SPREAD
        return 0.5 * ((vectors / self.spreads).square() + limits.square()).sum((-1, -2))
