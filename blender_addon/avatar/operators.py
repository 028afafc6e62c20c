"""Import an avatar: File > Import."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from pathlib import Path
from typing import Any

from bpy.props import StringProperty
from bpy.types import Operator
from bpy_extras.io_utils import ImportHelper

from ..errors import AvatarError
from .importer import import_avatar


class ALBUM2AVATAR_OT_import_avatar(Operator, ImportHelper):
    """Add an avatar to the scene, rigged and textured; nothing else in the scene changes"""

    bl_idname = "album2avatar.import_avatar"
    bl_label = "Import Avatar"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Import; Blender records the step for undo."""
        try:
            avatar = import_avatar(context, Path(self.filepath))
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{avatar.armature.name} is in the scene")
        return {"FINISHED"}


CLASSES = (ALBUM2AVATAR_OT_import_avatar,)


def draw_import_menu(menu: Any, context: Any) -> None:
    """Entry of File > Import."""
    menu.layout.operator(ALBUM2AVATAR_OT_import_avatar.bl_idname, text="album2avatar Avatar (.glb)")
