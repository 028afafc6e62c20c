"""What each program wants of an FBX file. Knows nothing of Blender but its exporter's words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

FBX_OPTIONS: Mapping[str, Any] = {
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
"""Blender's exporter, for every program."""


@dataclass(frozen=True)
class FbxPreset:
    """How an avatar's copy is changed, and written, for one program."""

    title: str
    description: str
    arm_pose: str = ""
    """Key of the pose that becomes the file's rest; empty keeps the avatar's own."""
    units_per_metre: float = 1.0
    """Of the numbers in the file. 100 makes them centimetres, with no scale on any object."""
    armature_name: str = ""
    """Empty keeps the avatar's own."""
    mesh_prefix: str = ""
    needs_one_root: bool = False
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """What differs from `FBX_OPTIONS`."""


GENERIC = FbxPreset(
    "FBX", "For Maya, 3ds Max, Houdini and others: metres, the avatar's own rest pose"
)
UNITY = FbxPreset(
    "FBX for Unity",
    "Scale 1 in Unity, and a T-pose as rest, as its humanoid rigs want it",
    arm_pose="T_POSE",
)
UNREAL = FbxPreset(
    "FBX for Unreal",
    "Centimetres, one root bone, triangles, and meshes named SK_…",
    units_per_metre=100.0,
    # Unreal passes over a node of this name; any other would become a second root.
    armature_name="Armature",
    mesh_prefix="SK_",
    needs_one_root=True,
    options={"use_triangles": True},
)

PRESETS: Mapping[str, FbxPreset] = {"GENERIC": GENERIC, "UNITY": UNITY, "UNREAL": UNREAL}
