"""The sidebar's panel of the Create button."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from .. import backend
from ..connection.types import Snapshot
from ..sidebar.asking import draw_problem
from ..sidebar.handing_in import is_handing_in
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .submitting import continued_job, obstacles_now
from .wish import body_of, needs_sentence, preset_of


class ALBUM2AVATAR_PT_creation(SidebarPanel, Panel):
    """How the avatar is made"""

    bl_idname = "ALBUM2AVATAR_PT_creation"
    bl_label = "Create"
    bl_order = 3

    def draw(self, context: Any) -> None:
        """Draw the choices, what they take, and the button."""
        layout = self.layout
        snapshot = backend.connection().snapshot()
        choices = state(context).creation
        preset = preset_of(snapshot, choices.preset)
        if preset is not None:
            layout.menu("ALBUM2AVATAR_MT_presets", text=preset.title, icon="PRESET")
            draw_sentence(layout, context, preset.summary)
        self._draw_body(context, snapshot)
        layout.prop(choices, "prompt_addition", placeholder="with a red hat")
        if preset is not None and preset.needs is not None:
            draw_sentence(layout, context, needs_sentence(preset.needs), icon="TIME")
        draw_problem(layout, context, "creation")
        hindered = obstacles_now(context, snapshot)
        row = layout.row()
        row.scale_y = 2.0
        row.enabled = not hindered and not is_handing_in()
        is_continued = continued_job(context, snapshot) is not None
        title = "Create from These Assets" if is_continued else "Create Avatar"
        row.operator("album2avatar.create", text=title, icon="USER")
        if choices.prompt_addition.strip():
            row = layout.row()
            row.enabled = snapshot.status == "ready" and not is_handing_in()
            row.operator("album2avatar.create_from_words", icon="OUTLINER_OB_FONT")
        for sentence in hindered:
            draw_sentence(layout, context, sentence, icon="INFO")
        if backend.current().installer.status().state in ("not_installed", "failed"):
            layout.operator("album2avatar.open_set_up", text="Set Up…", icon="PREFERENCES")

    def _draw_body(self, context: Any, snapshot: Snapshot) -> None:
        choices = state(context).creation
        if not snapshot.bodies:
            return
        row = self.layout.row(align=True)
        for body in snapshot.bodies:
            cell = row.row(align=True)
            cell.enabled = body.is_available
            cell.operator(
                "album2avatar.choose_body", text=body.title, depress=choices.body == body.name
            ).body = body.name
        for body in snapshot.bodies:
            if not body.is_available:
                text = f"{body.title}: {body.reason}"
                draw_sentence(self.layout, context, text, icon="INFO")
        chosen = body_of(snapshot, choices.body)
        if chosen is not None and chosen.name == "smplx" and chosen.is_available:
            self.layout.prop(choices, "smplx_file")


class ALBUM2AVATAR_PT_creation_advanced(SidebarPanel, Panel):
    """For those who know the settings"""

    bl_idname = "ALBUM2AVATAR_PT_creation_advanced"
    bl_label = "Advanced"
    bl_parent_id = "ALBUM2AVATAR_PT_creation"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        """Draw the field for settings."""
        self.layout.prop(state(context).creation, "settings", placeholder="{}")


CLASSES = (ALBUM2AVATAR_PT_creation, ALBUM2AVATAR_PT_creation_advanced)
