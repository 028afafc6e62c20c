"""A copy of an avatar to export, so that the artist's own is never touched."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator
from typing import Any

import bpy

from ..avatar.character import Character
from ..avatar.metadata import KEY
from ..avatar.modes import object_mode


@contextlib.contextmanager
def exported_copy(context: Any, character: Character) -> Generator[Character, None, None]:
    """A copy in its rest pose, alone selected, under the original's names; gone afterwards.

    Names are unique in Blender and go into the files, so the originals lend theirs to the
    copies and have them back at the end, whatever happens. Selection comes back, too.
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
        copies = [_copy(undo, original, collection) for original in originals]
        armature, *meshes = copies
        for mesh in meshes:
            mesh.parent = armature
            for modifier in mesh.modifiers:
                if modifier.type == "ARMATURE":
                    modifier.object = armature
        armature.animation_data_clear()
        for bone in armature.pose.bones:
            bone.matrix_basis.identity()
        armature[KEY] = {**armature[KEY].to_dict(), "bones": _describe_bones(context, armature)}
        _restore_selection(context, copies, armature)
        yield Character(armature, tuple(meshes))


def _copy(undo: contextlib.ExitStack, original: Any, collection: Any) -> Any:
    """Copy an object with its data, named as the original until `undo` unwinds."""
    copy = original.copy()
    copy.data = original.data.copy()
    collection.objects.link(copy)
    copy.hide_viewport = False
    for theirs, ours in ((original, copy), (original.data, copy.data)):
        name = theirs.name
        undo.callback(setattr, theirs, "name", name)
        theirs.name = f"{name[:50]} (live)"
        ours.name = name
    data, container = copy.data, bpy.data.meshes if copy.type == "MESH" else bpy.data.armatures
    undo.callback(container.remove, data)
    undo.callback(bpy.data.objects.remove, copy)
    return copy


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
