"""GLB with everything that the importer needs to bring the avatar back."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy

from ..avatar.character import Character
from .copy import exported_copy

GLB_OPTIONS: dict[str, Any] = {
    "use_selection": True,
    "export_format": "GLB",
    "export_extras": True,
    "export_skins": True,
    "export_animations": False,
    "export_influence_nb": 4,
    "export_yup": True,
}


def export_glb(context: Any, character: Character, path: Path) -> None:
    """Write an avatar as GLB, in its rest pose, with the extras of its armature as it is now."""
    with exported_copy(context, character):
        bpy.ops.export_scene.gltf(filepath=str(path), **GLB_OPTIONS)
