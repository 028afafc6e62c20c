"""Export the avatar: File > Export."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from pathlib import Path
from typing import Any

from bpy.props import StringProperty
from bpy.types import Operator
from bpy_extras.io_utils import ExportHelper

from ..avatar.character import find_character
from ..errors import AvatarError
from .checks import check_meshes
from .facts import collect_facts
from .fbx import export_fbx
from .glb import export_glb


class ALBUM2AVATAR_OT_export_fbx(Operator, ExportHelper):
    """Write the active avatar as FBX with its textures inside; the avatar itself stays as it is"""

    bl_idname = "album2avatar.export_fbx"
    bl_label = "Export Avatar as FBX"

    filename_ext = ".fbx"
    filter_glob: StringProperty(default="*.fbx", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Check, then export."""
        return _export(self, context, export_fbx)


class ALBUM2AVATAR_OT_export_glb(Operator, ExportHelper):
    """Write the active avatar as GLB, ready to import again; the avatar itself stays as it is"""

    bl_idname = "album2avatar.export_glb"
    bl_label = "Export Avatar as GLB"

    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Check, then export."""
        return _export(self, context, export_glb)


def _export(operator: Any, context: Any, write: Any) -> set[str]:
    """Say what the checks found; write unless one of them is an error."""
    try:
        character = find_character(context.active_object)
        findings = check_meshes(collect_facts(character))
        for finding in findings:
            operator.report({finding.severity.upper()}, finding.message)
        if any(finding.severity == "error" for finding in findings):
            return {"CANCELLED"}
        write(context, character, Path(operator.filepath))
    except AvatarError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    operator.report({"INFO"}, f"Wrote {Path(operator.filepath).name}")
    return {"FINISHED"}


CLASSES = (ALBUM2AVATAR_OT_export_fbx, ALBUM2AVATAR_OT_export_glb)


def draw_export_menu(menu: Any, context: Any) -> None:
    """Entries of File > Export."""
    menu.layout.operator(ALBUM2AVATAR_OT_export_fbx.bl_idname, text="album2avatar Avatar (.fbx)")
    menu.layout.operator(ALBUM2AVATAR_OT_export_glb.bl_idname, text="album2avatar Avatar (.glb)")
