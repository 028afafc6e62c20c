"""Variants of one avatar in a scene: at the same place, one of them shown.

Works on Blender's data alone, without buttons or backend.
"""

# pyright: reportMissingImports=false

import secrets
from collections.abc import Collection
from typing import Any

import bpy

from ..avatar.character import Character, meshes_of
from ..avatar.origin import VARIANTS, job_of


def variants_of(armature: Any) -> tuple[Any, ...]:
    """Armatures of an avatar's variants in its scene, itself included, in the order of their names.

    Only itself where there are no others. Cheap enough for drawing: Blender finds `users_scene`
    by looking through every scene, so it is asked of the few that share the mark.
    """
    shared = armature.get(VARIANTS)
    if not shared:
        return (armature,)
    scenes = set(armature.users_scene)
    found = [
        other
        for other in bpy.data.objects
        if other.type == "ARMATURE"
        and other.get(VARIANTS) == shared
        and scenes.intersection(other.users_scene)
    ]
    return tuple(sorted(found, key=lambda other: other.name))


def is_shown(armature: Any) -> bool:
    """Whether a variant is the one in view."""
    return not armature.hide_viewport


def show_variant(context: Any, chosen: Any) -> None:
    """Show one variant, make it active, and hide the others in viewport and render."""
    if context.view_layer.objects.active is not None and context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    for armature in variants_of(chosen):
        is_hidden = armature != chosen
        for found in (armature, *meshes_of(armature)):
            found.hide_viewport = found.hide_render = is_hidden
    for found in context.view_layer.objects:
        found.select_set(found == chosen)
    if chosen.name in context.view_layer.objects:  # its collection may be excluded
        context.view_layer.objects.active = chosen


def next_variant(armature: Any) -> Any:
    """The variant that comes after the one in view, in a ring."""
    variants = variants_of(armature)
    shown = next((found for found in variants if is_shown(found)), armature)
    return variants[(variants.index(shown) + 1) % len(variants)]


def find_in_scene(context: Any, jobs: Collection[str]) -> Any:
    """Armature of an avatar that one of these jobs made: the active one, then one in view.

    None where the scene has no such avatar.
    """
    found = [
        armature
        for armature in context.scene.objects
        if armature.type == "ARMATURE" and job_of(armature) in jobs
    ]
    active = context.view_layer.objects.active
    return min(
        found, key=lambda armature: (armature != active, not is_shown(armature)), default=None
    )


def put_beside(context: Any, new: Character, former: Any) -> None:
    """Make a new avatar a variant of a former one: same place, same pose, the former one hidden.

    Args:
        new: just imported.
        former: armature of any variant; the one in view lends place and pose.
    """
    former = next((found for found in variants_of(former) if is_shown(found)), former)
    if VARIANTS not in former:
        former[VARIANTS] = secrets.token_hex(6)
    new.armature[VARIANTS] = former[VARIANTS]
    _copy_place(former, new.armature)
    _copy_pose(former, new.armature)
    show_variant(context, new.armature)


def _copy_place(former: Any, new: Any) -> None:
    new.rotation_mode = former.rotation_mode
    new.parent, new.parent_type = former.parent, former.parent_type
    new.parent_bone = former.parent_bone
    new.matrix_parent_inverse = former.matrix_parent_inverse
    new.matrix_basis = former.matrix_basis


def _copy_pose(former: Any, new: Any) -> None:
    """Pose and animation, where the skeletons have the same bones."""
    if former.data.bones.keys() != new.data.bones.keys():
        return
    for bone in former.pose.bones:
        posed = new.pose.bones[bone.name]
        posed.rotation_mode = bone.rotation_mode
        posed.matrix_basis = bone.matrix_basis
    animation = former.animation_data
    if animation is None or animation.action is None:
        return
    new.animation_data_create().action = animation.action
    if hasattr(animation, "action_slot"):  # from Blender 4.4 on
        new.animation_data.action_slot = animation.action_slot
