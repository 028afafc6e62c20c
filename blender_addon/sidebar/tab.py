"""The tab in the 3D viewport's sidebar, and how sentences are drawn there."""

# pyright: reportMissingImports=false

from typing import Any

from .sentences import characters_in, lines_of

CATEGORY = "album2avatar"
"""Name on the tab."""
_USUAL_WIDTH = 320.0


class SidebarPanel:
    """Where the panels of the tab are; a mixin of `bpy.types.Panel`."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = CATEGORY


def draw_sentence(layout: Any, context: Any, text: str, icon: str = "NONE") -> None:
    """Draw a text on as many lines as the sidebar's width makes it."""
    region = context.region
    width = region.width if region is not None and region.width > 1 else _USUAL_WIDTH
    column = layout.column(align=True)
    column.scale_y = 0.8
    # Without a window the scale is 0.
    scale = context.preferences.system.ui_scale or 1.0
    lines = lines_of(text, characters_in(width, scale))
    for place, line in enumerate(lines):
        column.label(text=line, icon=icon if place == 0 else "BLANK1" if icon != "NONE" else icon)
