"""A copy of an avatar made ready for a program: modifiers, rest pose, units, roots."""

# pyright: reportMissingImports=false

from typing import Any

import bpy
from mathutils import Matrix, Vector

from ..avatar.character import Character
from ..avatar.modes import object_mode
from ..avatar.posing import ARM_POSES, pose_arms
from .baking import bake_modifiers
from .presets import FbxPreset

_ROOT = "root_bone"


def bake_meshes(context: Any, copy: Character) -> None:
    """Make every modifier that shows part of its mesh, except those that the bones need.

    Raises:
        AvatarError: a modifier gives the shape keys different vertices.
    """
    for mesh in copy.meshes:
        others = [modifier for modifier in mesh.modifiers if modifier.type != "ARMATURE"]
        shown = [modifier for modifier in others if modifier.show_viewport]
        if shown:
            bake_modifiers(context, mesh, shown)
        for modifier in others:
            mesh.modifiers.remove(modifier)


def prepare_fbx(context: Any, copy: Character, preset: FbxPreset) -> None:
    """Change a copy into what a preset wants.

    Raises:
        AvatarError: the rig has no bone for the rest pose, or a modifier is in the way.
    """
    bake_meshes(context, copy)
    if preset.arm_pose:
        pose_arms(context, copy, ARM_POSES[preset.arm_pose])
        make_pose_the_rest(context, copy)
    if preset.needs_one_root:
        join_roots(context, copy.armature)
    if preset.units_per_metre != 1.0:
        _multiply(copy, preset.units_per_metre)


def make_pose_the_rest(context: Any, copy: Character) -> None:
    """Deform meshes and shape keys as they are posed, then take the pose as the bones' rest."""
    for mesh in copy.meshes:
        posing = [modifier for modifier in mesh.modifiers if modifier.type == "ARMATURE"]
        bake_modifiers(context, mesh, posing)
    with object_mode(context, copy.armature, "POSE"):
        bpy.ops.pose.armature_apply(selected=False)


def join_roots(context: Any, armature: Any) -> None:
    """Put one bone above all that have no parent, where there are several."""
    if sum(bone.parent is None for bone in armature.data.bones) < 2:
        return
    with object_mode(context, armature, "EDIT"):
        bones = armature.data.edit_bones
        orphans = [bone for bone in bones if bone.parent is None]
        root = bones.new(_ROOT)
        root.head, root.tail = Vector((0.0, 0.0, 0.0)), Vector((0.0, 0.1, 0.0))
        for bone in orphans:
            bone.parent = root


def _multiply(copy: Character, factor: float) -> None:
    """Scale data, not objects: bones and vertices have other numbers, every scale stays 1."""
    scale = Matrix.Scale(factor, 4)
    copy.armature.data.transform(scale)
    for found in (copy.armature, *copy.meshes):
        found.location *= factor
    for mesh in copy.meshes:
        mesh.matrix_parent_inverse.translation *= factor
        mesh.data.transform(scale, shape_keys=True)
