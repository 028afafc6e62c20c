"""Pose an avatar by where its joints are on the body, whatever the rig calls its bones."""

# pyright: reportMissingImports=false

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
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


@dataclass(frozen=True)
class ArmPose:
    """Both arms straight, at one angle."""

    title: str
    degrees_down: float
    """From the horizontal."""


ARM_POSES: Mapping[str, ArmPose] = {
    "T_POSE": ArmPose("T-Pose", 0.0),
    "A_POSE": ArmPose("A-Pose", 45.0),
}
_ARM = ("shoulder", "elbow", "wrist", "hand")
_SIDES: Mapping[str, float] = {"left": 1.0, "right": -1.0}


def bend_joints(context: Any, character: Character, bends: tuple[Bend, ...]) -> None:
    """Pose an avatar, joint after joint; a child joint turns on top of its parent.

    Raises:
        AvatarError: the avatar's rig has no bone for a landmark.
    """
    for bend in bends:
        bone = _bone_at(character, bend.landmark)
        context.view_layer.update()
        _turn(bone, Matrix.Rotation(math.radians(bend.degrees), 4, Vector(bend.axis)))
    context.view_layer.update()


def reset_pose(context: Any, character: Character) -> None:
    """Put every bone back to its rest."""
    for bone in character.armature.pose.bones:
        bone.matrix_basis.identity()
    context.view_layer.update()


def pose_arms(context: Any, character: Character, pose: ArmPose) -> None:
    """Put every bone back to its rest, then stretch both arms.

    Upper arm, forearm and hand each turn from the direction in which they are measured to
    the pose's direction, by the smallest angle, so that a rig of any rest pose gets there.

    Raises:
        AvatarError: the avatar's rig has no bone for a landmark.
    """
    reset_pose(context, character)
    down = math.radians(pose.degrees_down)
    for side, outward in _SIDES.items():
        direction = Vector((outward * math.cos(down), 0.0, -math.sin(down)))
        for start, end in pairwise(_ARM):
            bone = _bone_at(character, f"{side}_{start}")
            measured = _bone_at(character, f"{side}_{end}").head - bone.head
            _turn(bone, measured.rotation_difference(direction).to_matrix().to_4x4())
            context.view_layer.update()


def _turn(bone: Any, rotation: Any) -> None:
    """Turn a pose bone about its head, in the armature's space."""
    there = Matrix.Translation(bone.head)
    bone.matrix = there @ rotation @ there.inverted() @ bone.matrix


def _bone_at(character: Character, landmark: str) -> Any:
    """The pose bone that starts at a landmark."""
    landmarks: Mapping[str, str] = character.armature[KEY].to_dict()["landmarks"]
    name = landmarks.get(landmark)
    bone = character.armature.pose.bones.get(name) if name else None
    if bone is None:
        raise AvatarError(f"The avatar has no bone at its {landmark.replace('_', ' ')}.")
    return bone
