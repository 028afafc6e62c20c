"""The first lines of the tab: what is wrong with the backend, where something is."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from .. import backend
from .tab import SidebarPanel, draw_sentence


class ALBUM2AVATAR_PT_status(SidebarPanel, Panel):
    """State of the backend"""

    bl_idname = "ALBUM2AVATAR_PT_status"
    bl_label = "Backend"
    bl_options = {"HIDE_HEADER"}
    bl_order = 0

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where there is something to say; Blender asks also while the tab is not in view."""
        snapshot = backend.connection().peek()
        return snapshot.status != "ready" or snapshot.problem is not None

    def draw(self, context: Any) -> None:
        """Draw a sentence and the button that leads on."""
        layout = self.layout
        installed = backend.current().installer.status()
        snapshot = backend.connection().snapshot()
        if installed.state in ("installing", "verifying"):
            layout.progress(factor=installed.fraction, text=installed.step or "Setting up")
        elif installed.state != "ready" and snapshot.status == "off":
            text = "album2avatar needs its backend, which is not set up yet."
            if installed.problem is not None:
                text = installed.problem.message
            draw_sentence(layout, context, text, icon="INFO")
            layout.operator("album2avatar.open_set_up", text="Set Up…", icon="PREFERENCES")
        elif snapshot.status == "starting":
            layout.label(text="The backend is starting…", icon="SORTTIME")
        elif snapshot.problem is not None:
            draw_sentence(layout, context, snapshot.problem.message, icon="ERROR")
            if snapshot.status != "ready":
                layout.operator("album2avatar.start_backend")
        elif snapshot.status == "off":
            layout.label(text="The backend is not running.", icon="PAUSE")
            layout.operator("album2avatar.start_backend")


CLASSES = (ALBUM2AVATAR_PT_status,)
