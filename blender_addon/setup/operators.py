"""Buttons of the set-up and of the backend itself."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

import bpy
from bpy.types import Operator

from .. import backend
from ..connection.installation import InstallFolder
from .choices import ADDON, read_choices


class ALBUM2AVATAR_OT_set_up(Operator):
    """Make an environment for the backend in the folder above; an interrupted one goes on"""

    bl_idname = "album2avatar.set_up"
    bl_label = "Install"

    def execute(self, context: Any) -> set[str]:
        """Start installing, or checking the artist's own environment."""
        choices = read_choices(context)
        running = backend.current()
        if choices.environment == "OWN":
            running.installer.install(running.plan(choices))
            return {"FINISHED"}
        if choices.existing is None:
            self.report({"ERROR"}, "Choose the Python program of your environment first.")
            return {"CANCELLED"}
        running.installer.adopt(choices.existing, choices.installation, running.version)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_update_backend(Operator):
    """Stop the backend and install album2avatar anew; jobs go on afterwards"""

    bl_idname = "album2avatar.update_backend"
    bl_label = "Update"

    def execute(self, context: Any) -> set[str]:
        """Stop, and install as soon as the backend is gone."""
        running = backend.current()
        choices = read_choices(context)
        if not running.installer.is_busy():
            running.installer.update(running.plan(choices), running.connection.stop(choices.state))
        return {"FINISHED"}


class ALBUM2AVATAR_OT_cancel_set_up(Operator):
    """Stop installing; what is done is kept for the next time"""

    bl_idname = "album2avatar.cancel_set_up"
    bl_label = "Cancel"

    def execute(self, context: Any) -> set[str]:
        """Cancel."""
        backend.current().installer.cancel()
        return {"FINISHED"}


class ALBUM2AVATAR_OT_open_set_up_log(Operator):
    """Open the log of the newest installation in your text editor"""

    bl_idname = "album2avatar.open_set_up_log"
    bl_label = "Open Log"

    def execute(self, context: Any) -> set[str]:
        """Open it."""
        log = InstallFolder(read_choices(context).installation).log
        if not log.is_file():
            self.report({"ERROR"}, "There is no log yet. Press Install first.")
            return {"CANCELLED"}
        bpy.ops.wm.path_open(filepath=str(log))
        return {"FINISHED"}


class ALBUM2AVATAR_OT_open_set_up(Operator):
    """Open the preferences at the set-up of album2avatar"""

    bl_idname = "album2avatar.open_set_up"
    bl_label = "Set Up"

    def execute(self, context: Any) -> set[str]:
        """Open them."""
        bpy.ops.preferences.addon_show(module=ADDON)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_start_backend(Operator):
    """Start the backend; jobs that were interrupted go on"""

    bl_idname = "album2avatar.start_backend"
    bl_label = "Start"

    def execute(self, context: Any) -> set[str]:
        """Start it."""
        if not backend.current().start(read_choices(context)):
            self.report({"ERROR"}, "The backend is not set up yet. Press Set Up first.")
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_stop_backend(Operator):
    """Stop the backend; a running job keeps its last checkpoint and goes on at the next start"""

    bl_idname = "album2avatar.stop_backend"
    bl_label = "Stop"

    def execute(self, context: Any) -> set[str]:
        """Stop it."""
        backend.current().stop()
        return {"FINISHED"}


class ALBUM2AVATAR_OT_examine(Operator):
    """Look again at what is installed and found on this computer"""

    bl_idname = "album2avatar.examine"
    bl_label = "Check Again"

    def execute(self, context: Any) -> set[str]:
        """Ask the doctor."""
        backend.connection().examine()
        return {"FINISHED"}


CLASSES = (
    ALBUM2AVATAR_OT_set_up,
    ALBUM2AVATAR_OT_update_backend,
    ALBUM2AVATAR_OT_cancel_set_up,
    ALBUM2AVATAR_OT_open_set_up_log,
    ALBUM2AVATAR_OT_open_set_up,
    ALBUM2AVATAR_OT_start_backend,
    ALBUM2AVATAR_OT_stop_backend,
    ALBUM2AVATAR_OT_examine,
)
