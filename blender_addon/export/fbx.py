"""FBX for game engines and other programs, by Blender's exporter."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy

from ..avatar.character import Character
from .copy import exported_copy

FBX_OPTIONS: dict[str, Any] = {
    "use_selection": True,
    "object_types": {"ARMATURE", "MESH"},
    # Metres stay metres: the file's unit is scaled, not its objects.
    "apply_scale_options": "FBX_SCALE_ALL",
    "axis_forward": "-Z",
    "axis_up": "Y",
    # Leaf bones would come back as bones that nobody made.
    "add_leaf_bones": False,
    "use_armature_deform_only": True,
    "mesh_smooth_type": "FACE",
    "path_mode": "COPY",
    "embed_textures": True,
    "bake_anim": False,
}


def export_fbx(context: Any, character: Character, path: Path) -> None:
    """Write an avatar as FBX, textures inside, in its rest pose."""
    with exported_copy(context, character):
        bpy.ops.export_scene.fbx(filepath=str(path), **FBX_OPTIONS)
