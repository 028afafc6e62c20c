"""Preferences > Add-ons > album2avatar: the set-up of the backend, and how it runs."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from collections.abc import Sequence
from typing import Any

from bpy.props import EnumProperty, StringProperty
from bpy.types import AddonPreferences

from . import backend
from .connection.folders import default_avatars, default_installation, default_state
from .connection.installation import InstallStatus
from .connection.types import Finding, Snapshot
from .setup.choices import ADDON, read_choices
from .sidebar.tab import draw_sentence

_STATES = {
    "not_installed": ("Not installed", "INFO"),
    "installing": ("Installing", "SORTTIME"),
    "verifying": ("Checking", "SORTTIME"),
    "ready": ("Ready", "CHECKMARK"),
    "update_needed": ("Update needed", "FILE_REFRESH"),
    "failed": ("Failed", "ERROR"),
}
_STATUSES = {
    "off": ("The backend is not running", "PAUSE"),
    "starting": ("The backend is starting", "SORTTIME"),
    "ready": ("The backend is running", "CHECKMARK"),
    "failed": ("The backend is not running", "ERROR"),
}
_FINDING_ICONS = {"ready": "CHECKMARK", "optional": "DOT", "broken": "ERROR"}


def _environment_changed(preferences: Any, context: Any) -> None:
    backend.current().look(read_choices(context))


def _quitting_changed(preferences: Any, context: Any) -> None:
    choice = read_choices(context).when_blender_quits
    backend.connection().choose_when_parent_ends(choice)


class ALBUM2AVATAR_preferences(AddonPreferences):
    """Choices about the backend."""

    bl_idname = ADDON

    environment: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Environment",
        items=(
            (
                "OWN",
                "Install for Me",
                "Make an environment for the backend; Blender's own Python stays as it is",
            ),
            ("EXISTING", "Use an Existing One", "Use a Python that has album2avatar already"),
        ),
        update=_environment_changed,
    )
    installation: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Folder",
        description="Where the backend is installed; takes several gigabytes. Empty: "
        f"{default_installation()}",
        subtype="DIR_PATH",
        update=_environment_changed,
    )
    python: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Python",
        description="Python 3.11 or newer to make the environment from. Empty: look for one",
        subtype="FILE_PATH",
    )
    source: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Package Source",
        description="Source folder or wheel file of album2avatar. Empty: the Python package index",
        subtype="FILE_PATH",
    )
    existing: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Python",
        description="Python program, or folder, of an environment that has album2avatar",
        subtype="FILE_PATH",
        update=_environment_changed,
    )
    state: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="State Folder",
        description=f"Jobs, thumbnails and logs of the backend. Empty: {default_state()}",
        subtype="DIR_PATH",
    )
    avatars: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Avatars Folder",
        description=f"Where new avatars are made. Empty: {default_avatars()}",
        subtype="DIR_PATH",
    )
    when_blender_quits: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="When Blender Quits",
        items=(
            ("STOP", "Stop Jobs", "A running job keeps its last checkpoint and goes on next time"),
            ("FINISH", "Let Jobs Finish", "The backend works on until the last job is done"),
        ),
        update=_quitting_changed,
    )

    def draw(self, context: Any) -> None:
        """Draw the set-up and the backend."""
        draw_preferences(self.layout, context, self)


def draw_preferences(layout: Any, context: Any, preferences: Any) -> None:
    """Draw the set-up and, below it, the backend."""
    running = backend.current()
    status = running.installer.status()
    _draw_set_up(layout.box(), context, preferences, status)
    _draw_backend(layout.box(), context, preferences, running.connection.peek())


def _draw_set_up(box: Any, context: Any, preferences: Any, status: InstallStatus) -> None:
    title, icon = _STATES[status.state]
    version = f" ({status.version})" if status.version else ""
    box.label(text=f"Set-up: {title}{version}", icon=icon)
    is_working = status.state in ("installing", "verifying")
    fields = box.column()
    fields.use_property_split = True
    fields.enabled = not is_working
    fields.row().prop(preferences, "environment", expand=True)
    if preferences.environment == "OWN":
        fields.prop(preferences, "installation", placeholder=str(default_installation()))
        fields.prop(preferences, "python", placeholder="Look for one")
        fields.prop(preferences, "source", placeholder="Python package index")
    else:
        fields.prop(preferences, "existing")
    if is_working:
        box.progress(factor=status.fraction, text=status.step)
    for text in (status.message, status.problem.message if status.problem else ""):
        if text:
            draw_sentence(box, context, text)
    _draw_buttons(box.row(), preferences, status)
    _draw_findings(box, context, status.findings)


def _draw_buttons(row: Any, preferences: Any, status: InstallStatus) -> None:
    if status.state in ("installing", "verifying"):
        row.operator("album2avatar.cancel_set_up")
    elif preferences.environment == "EXISTING":
        row.operator("album2avatar.set_up", text="Check and Use")
    elif status.state == "not_installed":
        row.operator("album2avatar.set_up")
    elif status.state == "failed":
        row.operator("album2avatar.set_up", text="Try Again")
    else:
        row.operator("album2avatar.update_backend")
    row.operator("album2avatar.open_set_up_log")


def _draw_backend(box: Any, context: Any, preferences: Any, snapshot: Snapshot) -> None:
    title, icon = _STATUSES[snapshot.status]
    box.label(text=title, icon=icon)
    if snapshot.problem is not None:
        draw_sentence(box, context, snapshot.problem.message)
    row = box.row()
    if snapshot.status in ("ready", "starting"):
        row.operator("album2avatar.stop_backend")
        row.operator("album2avatar.examine")
    else:
        row.operator("album2avatar.start_backend")
    fields = box.column()
    fields.use_property_split = True
    fields.prop(preferences, "state", placeholder=str(default_state()))
    fields.prop(preferences, "avatars", placeholder=str(default_avatars()))
    fields.prop(preferences, "when_blender_quits")
    _draw_findings(box, context, snapshot.findings)


def _draw_findings(layout: Any, context: Any, findings: Sequence[Finding]) -> None:
    """List what the doctor found, with what to do about it."""
    for finding in findings:
        remedy = f" {finding.remedy}" if finding.remedy else ""
        text = f"{finding.subject}: {finding.detail}.{remedy}"
        draw_sentence(layout, context, text, icon=_FINDING_ICONS[finding.state])


CLASSES = (ALBUM2AVATAR_preferences,)
