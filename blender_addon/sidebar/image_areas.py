"""Blender's Image Editors."""

# pyright: reportMissingImports=false

from typing import Any

import bpy


def show_image(context: Any, image: Any) -> Any:
    """Show an image in an Image Editor; where none is open, in a window of its own.

    Returns:
        The editor's area, None where Blender has no windows.
    """
    area = next((area for area in _areas(context) if area.type == "IMAGE_EDITOR"), None)
    if area is None and not bpy.app.background:
        bpy.ops.wm.window_new()
        area = context.window_manager.windows[-1].screen.areas[0]
        area.type = "IMAGE_EDITOR"
    if area is None:
        return None
    area.spaces.active.image = image
    return area


def redraw_image_areas() -> None:
    """Draw the Image Editors anew."""
    for area in _areas(bpy.context):
        if area.type == "IMAGE_EDITOR":
            area.tag_redraw()


def _areas(context: Any) -> list[Any]:
    return [area for window in context.window_manager.windows for area in window.screen.areas]
