"""GLB with everything that the importer needs to bring the avatar back."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy

from ..avatar.asset_faces import describe_parts, sort_faces
from ..avatar.character import Character
from ..avatar.metadata import KEY, parse_parts
from .copy import exported_copy
from .preparing import bake_meshes
from .writing import write_with

GLB_OPTIONS: dict[str, Any] = {
    "use_selection": True,
    "export_format": "GLB",
    "export_extras": True,
    "export_skins": True,
    "export_morph": True,
    "export_animations": False,
    "export_influence_nb": 4,
    "export_yup": True,
}


def export_glb(context: Any, character: Character, path: Path) -> None:
    """Write an avatar as GLB, in its rest pose, with the extras of its armature as it is now.

    Raises:
        AvatarError: a modifier is in the way, or the file can't be written.
    """
    with exported_copy(context, character) as copy:
        bake_meshes(context, copy)
        _describe_faces(copy)
        write_with(bpy.ops.export_scene.gltf, path, GLB_OPTIONS)


def _describe_faces(copy: Character) -> None:
    """Tell which faces belong to which asset; only of an avatar in one piece can be told."""
    extras = copy.armature[KEY].to_dict()
    parts = parse_parts(extras)
    extras.pop("parts", None)
    if len(copy.meshes) == 1:
        data = copy.meshes[0].data
        sort_faces(data)
        described = describe_parts(data, parts)
        if described:  # Blender's custom properties know no empty list.
            extras["parts"] = described
    copy.armature[KEY] = extras
