"""What the scripts inside Blender share: the extension, the avatar's file, a new scene."""

import sys
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

GLB, OUTPUT = Path(sys.argv[-2]), Path(sys.argv[-1])


def start():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def armatures():
    return [found for found in bpy.data.objects if found.type == "ARMATURE"]
