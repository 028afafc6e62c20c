"""Where the exported avatar stands."""

from dataclasses import replace

import torch

from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.body.types import Skeleton
from album2avatar.mesh.types import Mesh


def stand_on_floor(avatar: RiggedAvatar) -> RiggedAvatar:
    """Lift the avatar so that its lowest point is at height 0, as artists expect.

    The templates have their origin at the hips. Mesh and bones move together, so the rest
    pose stays what it is.
    """
    lift = torch.tensor([0.0, 0.0, floor_lift(avatar)])
    skeleton = avatar.skeleton
    matrices = skeleton.matrices.clone()
    matrices[:, :3, 3] += lift
    lifted = Skeleton(
        names=skeleton.names,
        parents=skeleton.parents,
        heads=skeleton.heads + lift,
        tails=skeleton.tails + lift,
        matrices=matrices,
    )
    return RiggedAvatar(lifted, tuple(_lifted(part, lift) for part in avatar.parts))


def floor_lift(avatar: RiggedAvatar) -> float:
    """Metres by which the avatar has to be lifted to stand on the floor."""
    return -min(float(part.mesh.vertices[:, 2].min()) for part in avatar.parts)


def _lifted(part: RiggedPart, lift: torch.Tensor) -> RiggedPart:
    return replace(part, mesh=Mesh(part.mesh.vertices + lift, part.mesh.faces))
