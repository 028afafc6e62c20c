"""Blender without a window: run by the Python of Blender's environment, never imported.

It holds no logic of its own; the extension's modules do the work, so that what comes out
here is what an artist gets by hand.
"""

# pyright: reportMissingImports=false

import argparse
import sys
from pathlib import Path

import bpy


def main() -> None:
    """Write one file from a GLB."""
    arguments = _parse_arguments()
    sys.path.insert(0, str(arguments.extension.parent))
    bpy.ops.wm.read_factory_settings(use_empty=True)

    from blender_addon.avatar.importer import import_avatar
    from blender_addon.export import fbx, pictures

    avatar = import_avatar(bpy.context, arguments.glb)
    if arguments.job == "fbx":
        fbx.export_fbx(bpy.context, avatar, arguments.output)
    elif arguments.job == "blend":
        bpy.context.preferences.filepaths.save_version = 0
        bpy.ops.wm.save_as_mainfile(filepath=str(arguments.output), compress=True)
    else:
        shots = pictures.TURNTABLE if arguments.job == "turntable" else pictures.POSED
        quality = pictures.Quality(height=arguments.height, samples=arguments.samples)
        pictures.render_strip(bpy.context, avatar, shots, quality, arguments.output)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=("fbx", "blend", "turntable", "posed"))
    parser.add_argument("glb", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--extension", type=Path, required=True)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--samples", type=int, default=8)
    return parser.parse_args()


if __name__ == "__main__":
    main()
