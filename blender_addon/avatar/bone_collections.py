"""Bones in collections by the part of the body that they move."""

# pyright: reportMissingImports=false

from typing import Any

from .bone_groups import GROUP_NAMES, group_of, palette_of


def sort_bones(armature: Any) -> None:
    """Put every bone of an armature's data into one collection, and give it its side's colour.

    What collections the bones were in before is undone, so that each bone is in one.
    """
    members: dict[str, list[Any]] = {}
    for bone in armature.bones:
        members.setdefault(group_of(bone.name), []).append(bone)
    for collection in tuple(armature.collections):
        armature.collections.remove(collection)
    for group in GROUP_NAMES:
        if group not in members:
            continue
        collection = armature.collections.new(group)
        for bone in members[group]:
            collection.assign(bone)
            bone.color.palette = palette_of(group)
