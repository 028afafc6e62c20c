"""An action made for one skeleton plays on another one with the same bones.

Works on Blender's data alone, without buttons or backend.
"""

# pyright: reportMissingImports=false

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ..errors import AvatarError

_TURNED = {"rotation_quaternion": 1, "location": 0}
"""Channels that hold a vector in the bone's own axes, and the index of its first component."""


@dataclass(frozen=True)
class Motion:
    """An action, and the skeleton that its keys are meant for."""

    action: Any
    slot: Any
    """Its channels for an armature; None before Blender 4.4."""
    rests: Mapping[str, Any]
    """Axes of each bone at rest, (3, 3), in the armature's space."""


def motion_of(armature: Any) -> Motion | None:
    """What an armature plays, None where it plays nothing."""
    animation = armature.animation_data
    if animation is None or animation.action is None:
        return None
    slot = getattr(animation, "action_slot", None)
    if slot is None and hasattr(animation, "action_slot"):
        return None
    return Motion(animation.action, slot, rests_of(armature))


def rests_of(armature: Any) -> dict[str, Any]:
    """Axes of each bone at rest, (3, 3), in the armature's space."""
    return {bone.name: bone.matrix_local.to_3x3() for bone in armature.data.bones}


def give_motion(context: Any, armature: Any, motion: Motion, first_frame: float) -> None:
    """Let an armature play a motion from a frame on, bone by bone of the same name.

    The keys are turned into the armature's own axes, so that every bone points where it points in
    the original whatever its roll. All bones are put to rest first: one without keys belongs there.
    An action that played before stays in the file. The scene ends later where it would end before
    the motion does.

    Raises:
        AvatarError: a bone is missing; then nothing is changed.
    """
    bones = armature.pose.bones
    missing = sorted({bone for bone, _, _ in _bone_curves(motion)} - set(bones.keys()))
    if missing:
        raise AvatarError(
            f"{armature.name} has other bones than the animation ({missing[0]} is missing). Delete "
            "it from the scene and add the animation again; the avatar comes with it."
        )
    _turn_keys(motion, rests_of(armature))
    _begin_at(motion, first_frame)
    for bone in bones:
        bone.matrix_basis.identity()
    for bone, channel, _ in _bone_curves(motion):
        if channel == "rotation_quaternion":
            bones[bone].rotation_mode = "QUATERNION"
    _assign(armature, motion)
    scene = context.scene
    scene.frame_end = max(scene.frame_end, math.ceil(motion.action.frame_range[1] - 1e-3))
    scene.frame_set(scene.frame_current, subframe=scene.frame_subframe)


def _bone_curves(motion: Motion) -> Iterator[tuple[str, str, Any]]:
    """Bone, channel and curve of every curve that moves a bone."""
    for curve in _curves(motion):
        if curve.data_path.startswith("pose.bones["):
            _, name, channel = curve.data_path.split('"')
            yield bpy.utils.unescape_identifier(name), channel.removeprefix("]."), curve


def _curves(motion: Motion) -> list[Any]:
    if motion.slot is None:
        return list(motion.action.fcurves)
    strips = [strip for layer in motion.action.layers for strip in layer.strips]
    bags = [strip.channelbag(motion.slot) for strip in strips]
    return [curve for bag in bags if bag is not None for curve in bag.fcurves]


def _turn_keys(motion: Motion, rests: Mapping[str, Any]) -> None:
    """Turn the keys from the axes that they are meant in into those of another rest.

    A turn about a bone's head that is `q` in the axes R is `R'⁻¹ R q R⁻¹ R'` in the axes R': its
    vector part is turned by `R'⁻¹ R`, and so is a shift.
    """
    vectors: dict[tuple[str, str], dict[int, Any]] = {}
    for bone, channel, curve in _bone_curves(motion):
        if channel in _TURNED:
            vectors.setdefault((bone, channel), {})[curve.array_index] = curve
    for (bone, channel), curves in vectors.items():
        turn = np.array(rests[bone].inverted() @ motion.rests[bone])
        first = _TURNED[channel]
        axes = [curves.get(index) for index in range(first, first + 3)]
        if np.allclose(turn, np.eye(3), atol=1e-6) or None in axes:
            continue
        keys = [_keys_of(curve) for curve in axes]
        turned = turn @ np.stack([key[:, 1] for key in keys])
        for curve, key, values in zip(axes, keys, turned, strict=True):
            key[:, 1] = values
            _set_keys(curve, key)


def _begin_at(motion: Motion, first_frame: float) -> None:
    shift = first_frame - motion.action.frame_range[0]
    for curve in _curves(motion):
        keys = _keys_of(curve)
        keys[:, 0] += shift
        _set_keys(curve, keys)


def _keys_of(curve: Any) -> Any:
    """(K, 2) frames and values."""
    keys = np.empty(2 * len(curve.keyframe_points), np.float32)
    curve.keyframe_points.foreach_get("co", keys)
    return keys.reshape(-1, 2)


def _set_keys(curve: Any, keys: Any) -> None:
    curve.keyframe_points.foreach_set("co", keys.reshape(-1))
    curve.update()


def _assign(armature: Any, motion: Motion) -> None:
    animation = armature.animation_data_create()
    former = animation.action
    if former is not None and former != motion.action:
        former.use_fake_user = True
    for track in list(animation.nla_tracks):  # Blender's importer puts the action there, too
        if any(strip.action == motion.action for strip in track.strips):
            animation.nla_tracks.remove(track)
    animation.action = motion.action
    if motion.slot is not None:
        animation.action_slot = motion.slot
