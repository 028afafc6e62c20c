"""Bend an avatar's joints by where they are on the body, whatever the rig calls its bones."""

# pyright: reportMissingImports=false

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mathutils import Matrix, Vector

from ..errors import AvatarError
from .character import Character
from .metadata import KEY


@dataclass(frozen=True)
class Bend:
    """Turn everything that hangs on a joint."""

    landmark: str
    """Keypoint such as `left_elbow`."""
    axis: tuple[float, float, float]
    """In the armature's space: +X is the person's left, -Y the front, +Z up."""
    degrees: float


BENT_JOINTS: tuple[Bend, ...] = (
    Bend("left_shoulder", (0.0, 1.0, 0.0), -45.0),
    Bend("left_elbow", (0.0, 0.0, 1.0), -45.0),
    Bend("right_shoulder", (1.0, 0.0, 0.0), -45.0),
    Bend("right_elbow", (1.0, 0.0, 0.0), -45.0),
    Bend("left_knee", (1.0, 0.0, 0.0), 45.0),
)
"""The pose that shows whether a rig tears: one arm to the side, one to the front, one knee."""


def bend_joints(context: Any, character: Character, bends: tuple[Bend, ...]) -> None:
    """Pose an avatar, joint after joint; a child joint turns on top of its parent.

    Raises:
        AvatarError: the avatar's rig has no bone for a landmark.
    """
    landmarks: Mapping[str, str] = character.armature[KEY].to_dict()["landmarks"]
    for bend in bends:
        name = landmarks.get(bend.landmark)
        bone = character.armature.pose.bones.get(name) if name else None
        if bone is None:
            raise AvatarError(f"The avatar has no bone at its {bend.landmark.replace('_', ' ')}.")
        context.view_layer.update()
        turn = Matrix.Rotation(math.radians(bend.degrees), 4, Vector(bend.axis))
        there = Matrix.Translation(bone.head)
        bone.matrix = there @ turn @ there.inverted() @ bone.matrix
    context.view_layer.update()
