"""The objects in a scene that make up one avatar."""

# pyright: reportMissingImports=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy

from ..errors import AvatarError
from .metadata import KEY


@dataclass(frozen=True)
class Character:
    """An armature and the meshes that it moves."""

    armature: Any
    """`bpy.types.Object` of type ARMATURE."""
    meshes: tuple[Any, ...]
    """`bpy.types.Object` of type MESH, each with a modifier that names the armature."""


def find_character(active: Any) -> Character:
    """The avatar that an object belongs to.

    Args:
        active: the scene's active object, or None.

    Raises:
        AvatarError: the object is no part of an avatar.
    """
    armature = avatar_of(active)
    if armature is None:
        raise AvatarError("Click on an avatar that album2avatar made, then try again.")
    return Character(armature, meshes_of(armature))


def is_part_of_avatar(active: Any) -> bool:
    """Whether an object, or None, belongs to an avatar. Cheap enough for drawing."""
    return avatar_of(active) is not None


def avatar_of(active: Any) -> Any:
    """Armature of the avatar that an object belongs to; None of no avatar, or of no object.

    Cheap enough for drawing.
    """
    armature = _armature_of(active)
    return armature if armature is not None and KEY in armature else None


def meshes_of(armature: Any) -> tuple[Any, ...]:
    """Mesh objects that an armature moves, in the order of their names. Cheap enough for drawing.

    Blender finds `users_scene` by looking through every scene, so it is asked last.
    """
    moved = [
        found
        for found in bpy.data.objects
        if found.type == "MESH" and _armature_of(found) == armature and found.users_scene
    ]
    return tuple(sorted(moved, key=lambda found: found.name))


def images_of(meshes: Sequence[Any]) -> tuple[Any, ...]:
    """Images that the materials of some mesh objects show, in the order of their names."""
    images = {
        node.image
        for mesh in meshes
        for slot in mesh.material_slots
        if slot.material is not None and slot.material.node_tree is not None
        for node in slot.material.node_tree.nodes
        if node.type == "TEX_IMAGE" and node.image is not None
    }
    return tuple(sorted(images, key=lambda image: image.name))


def _armature_of(found: Any) -> Any:
    if found is None or found.type == "ARMATURE":
        return found
    return next(
        (
            modifier.object
            for modifier in getattr(found, "modifiers", ())
            if modifier.type == "ARMATURE" and modifier.object is not None
        ),
        None,
    )
