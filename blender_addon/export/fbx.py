"""FBX for game engines and other programs, by Blender's exporter."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy

from ..avatar.character import Character
from .copy import exported_copy
from .levels import levels_of_detail
from .preparing import prepare_fbx
from .presets import FBX_OPTIONS, GENERIC, FbxPreset
from .writing import write_with


def export_fbx(
    context: Any, character: Character, path: Path, preset: FbxPreset = GENERIC, levels: int = 1
) -> None:
    """Write an avatar as FBX, textures inside, in the rest pose that the preset wants.

    Args:
        levels: of detail, see `levels_of_detail`.

    Raises:
        AvatarError: a modifier or the rig is in the way, or the file can't be written.
    """

    def name_of(original: Any) -> str:
        if original.type == "ARMATURE":
            return preset.armature_name or original.name
        return f"{preset.mesh_prefix}{original.name}"

    with (
        exported_copy(context, character, name_of) as copy,
        _scene_unit(context.scene, 1 / preset.units_per_metre),
    ):
        prepare_fbx(context, copy, preset)
        with levels_of_detail(context, copy, levels):
            write_with(bpy.ops.export_scene.fbx, path, {**FBX_OPTIONS, **preset.options})


@contextlib.contextmanager
def _scene_unit(scene: Any, metres: float) -> Generator[None, None, None]:
    """Let one unit of the scene be so many metres, for a while."""
    unit = scene.unit_settings
    system, scale = unit.system, unit.scale_length
    unit.system, unit.scale_length = "METRIC", metres
    try:
        yield
    finally:
        unit.system, unit.scale_length = system, scale
