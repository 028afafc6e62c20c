"""Create an avatar."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import StringProperty
from bpy.types import Menu, Operator

from .. import backend
from ..errors import AvatarError
from ..sidebar.state import state
from .submitting import create_avatar, create_from_words


class ALBUM2AVATAR_OT_create(Operator):
    """Make an avatar of the ticked photos. Blender stays usable meanwhile"""

    bl_idname = "album2avatar.create"
    bl_label = "Create Avatar"

    def execute(self, context: Any) -> set[str]:
        """Hand the job in."""
        try:
            create_avatar(context)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_create_from_words(Operator):
    """Make an avatar of the person whom the prompt describes, without any photo"""

    bl_idname = "album2avatar.create_from_words"
    bl_label = "Create from the Prompt Alone"

    def execute(self, context: Any) -> set[str]:
        """Hand the job in."""
        try:
            create_from_words(context)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_choose_preset(Operator):
    """Make the next avatar so"""

    bl_idname = "album2avatar.choose_preset"
    bl_label = "Preset"

    preset: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """The preset's own words."""
        presets = backend.connection().peek().presets
        return next((found.summary for found in presets if found.name == properties.preset), "")

    def execute(self, context: Any) -> set[str]:
        """Choose it."""
        state(context).creation.preset = self.preset
        backend.redraw()
        return {"FINISHED"}


class ALBUM2AVATAR_OT_choose_body(Operator):
    """Build the next avatar on this body"""

    bl_idname = "album2avatar.choose_body"
    bl_label = "Body"

    body: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Choose it."""
        state(context).creation.body = self.body
        backend.redraw()
        return {"FINISHED"}


class ALBUM2AVATAR_MT_presets(Menu):
    """How avatars can be made"""

    bl_idname = "ALBUM2AVATAR_MT_presets"
    bl_label = "Preset"

    def draw(self, context: Any) -> None:
        """Draw an entry for each preset."""
        for preset in backend.connection().peek().presets:
            entry = self.layout.operator("album2avatar.choose_preset", text=preset.title)
            entry.preset = preset.name


CLASSES = (
    ALBUM2AVATAR_OT_create,
    ALBUM2AVATAR_OT_create_from_words,
    ALBUM2AVATAR_OT_choose_preset,
    ALBUM2AVATAR_OT_choose_body,
    ALBUM2AVATAR_MT_presets,
)
