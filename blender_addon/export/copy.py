"""A copy of an avatar to export, so that the artist's own is never touched."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Callable, Generator
from typing import Any

import bpy
from mathutils import Vector

from ..avatar.character import Character
from ..avatar.knowledge import own_colors
from ..avatar.metadata import KEY
from ..avatar.modes import object_mode
from ..avatar.origin import MARKS

Naming = Callable[[Any], str]
"""Name of an original's copy."""


def own_name(original: Any) -> str:
    """The copy bears its original's name."""
    return original.name


@contextlib.contextmanager
def exported_copy(
    context: Any, character: Character, naming: Naming = own_name
) -> Generator[Character, None, None]:
    """A copy in its rest pose, at the origin, alone selected; gone afterwards.

    Names are unique in Blender and go into the files, so objects of the scene lend theirs to
    the copies and have them back at the end, whatever happens. Selection comes back, too.
    """
    selected = [found for found in context.view_layer.objects if found.select_get()]
    active = context.view_layer.objects.active
    if active is not None and context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    originals = [character.armature, *character.meshes]
    collection = bpy.data.collections.new("album2avatar export")
    context.scene.collection.children.link(collection)
    with contextlib.ExitStack() as undo:
        undo.callback(_restore_selection, context, selected, active)
        undo.callback(bpy.data.collections.remove, collection)
        undo.enter_context(own_colors(character))
        copies = [_copy(undo, original, naming(original), collection) for original in originals]
        armature, *meshes = copies
        _attach(armature, meshes, character)
        armature.animation_data_clear()
        for mark in MARKS:  # they mean something in this scene only
            armature.pop(mark, None)
        for bone in armature.pose.bones:
            bone.matrix_basis.identity()
        context.view_layer.update()
        armature[KEY] = {**armature[KEY].to_dict(), "bones": _describe_bones(context, armature)}
        _restore_selection(context, copies, armature)
        yield Character(armature, tuple(meshes))


def _copy(undo: contextlib.ExitStack, original: Any, name: str, collection: Any) -> Any:
    """Copy an object with its data, under a name that is the copy's until `undo` unwinds."""
    copy = original.copy()
    data_name = original.data.name
    copy.data = original.data.copy()
    collection.objects.link(copy)
    copy.hide_viewport = False
    copy.hide_set(False)
    data, container = copy.data, bpy.data.meshes if copy.type == "MESH" else bpy.data.armatures
    _lend_name(undo, bpy.data.objects, copy, name)
    _lend_name(undo, container, data, data_name)
    undo.callback(_remove, copy, container)
    return copy


def _lend_name(undo: contextlib.ExitStack, container: Any, borrower: Any, name: str) -> None:
    owner = container.get(name)
    if owner is not None:
        undo.callback(setattr, owner, "name", name)
        owner.name = f"{name[:50]} (live)"
    borrower.name = name


def _remove(copy: Any, container: Any) -> None:
    """Remove a copy with the data that it has by now."""
    data = copy.data
    bpy.data.objects.remove(copy)
    container.remove(data)


def _attach(armature: Any, meshes: list[Any], character: Character) -> None:
    """Hang the meshes on the armature as they are, then put it at the origin."""
    armature.parent = None
    armature.matrix_world = character.armature.matrix_world
    for mesh, original in zip(meshes, character.meshes, strict=True):
        mesh.parent, mesh.parent_type = armature, "OBJECT"
        mesh.matrix_parent_inverse = armature.matrix_world.inverted()
        mesh.matrix_world = original.matrix_world
        for modifier in mesh.modifiers:
            if modifier.type == "ARMATURE":
                modifier.object = armature
    armature.location = Vector((0.0, 0.0, 0.0))


def _describe_bones(context: Any, armature: Any) -> list[dict[str, Any]]:
    """The bones as the file's extras tell them, after whatever the artist did to them."""
    with object_mode(context, armature, "EDIT"):
        return [
            {
                "name": bone.name,
                "head": list(bone.head),
                "tail": list(bone.tail),
                "matrix": [value for row in bone.matrix for value in row],
            }
            for bone in armature.data.edit_bones
        ]


def _restore_selection(context: Any, selected: list[Any], active: Any) -> None:
    for found in context.view_layer.objects:
        found.select_set(found in selected)
    context.view_layer.objects.active = active
