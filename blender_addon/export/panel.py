"""The sidebar's panel for leaving Blender."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from ..avatar.character import find_character, is_part_of_avatar
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .checks import FIX_TITLES
from .presets import PRESETS


class ALBUM2AVATAR_PT_export(SidebarPanel, Panel):
    """Checks and exports of the active avatar"""

    bl_idname = "ALBUM2AVATAR_PT_export"
    bl_label = "Export"
    bl_order = 7
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        """Draw the list of the last check, and a button for each kind of file."""
        layout = self.layout
        if not is_part_of_avatar(context.active_object):
            draw_sentence(layout, context, "Click on an avatar in the viewport first.")
            return
        avatar = find_character(context.active_object).armature.name
        self._draw_checks(context, avatar)
        column = layout.column(align=True)
        for key, preset in PRESETS.items():
            column.operator("album2avatar.export_fbx", text=preset.title).preset = key
        column.operator("album2avatar.export_glb", text="GLB")

    def _draw_checks(self, context: Any, avatar: str) -> None:
        layout = self.layout
        kept = state(context).export
        layout.operator("album2avatar.check_export", icon="CHECKMARK")
        if kept.checked != avatar:
            return
        if not kept.findings:
            layout.label(text="Nothing is in the way.", icon="CHECKMARK")
        for line in kept.findings:
            box = layout.box()
            draw_sentence(box, context, line.message, icon="ERROR" if line.is_error else "INFO")
            if line.fix:
                button = box.operator("album2avatar.fix_export", text=FIX_TITLES[line.fix])
                button.fix, button.mesh = line.fix, line.mesh


CLASSES = (ALBUM2AVATAR_PT_export,)
