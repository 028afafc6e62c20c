"""Check, fix and export the active avatar."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bpy.props import EnumProperty, IntProperty, StringProperty
from bpy.types import Operator
from bpy_extras.io_utils import ExportHelper

from ..avatar.character import Character, find_character, is_part_of_avatar
from ..errors import AvatarError
from ..sidebar.state import state
from .checks import FIX_TITLES, check_meshes
from .facts import collect_facts
from .fbx import export_fbx
from .fixes import fix
from .glb import export_glb
from .levels import MOST
from .presets import PRESETS
from .properties import keep_findings

Write = Callable[[Any, Character, Path], None]


class _ExportOperator(Operator, ExportHelper):
    """Writes the active avatar; it stays as it is."""

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Offer the avatar's own name for the file."""
        if is_part_of_avatar(context.active_object) and not self.filepath:
            avatar = find_character(context.active_object)
            self.filepath = f"{avatar.armature.name}{self.filename_ext}"
        return super().invoke(context, event)

    def export(self, context: Any, write: Write) -> set[str]:
        """Say what the checks found; write unless one of them is an error."""
        try:
            character = find_character(context.active_object)
            findings = check_meshes(collect_facts(character))
            keep_findings(state(context).export, character.armature.name, findings)
            for finding in findings:
                self.report({finding.severity.upper()}, finding.message)
            if any(finding.severity == "error" for finding in findings):
                return {"CANCELLED"}
            write(context, character, Path(self.filepath))
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"Wrote {Path(self.filepath).name}")
        return {"FINISHED"}


class ALBUM2AVATAR_OT_export_fbx(_ExportOperator):
    """Write the active avatar as FBX with its textures inside; the avatar itself stays as it is"""

    bl_idname = "album2avatar.export_fbx"
    bl_label = "Export Avatar as FBX"

    filename_ext = ".fbx"
    filter_glob: StringProperty(default="*.fbx", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    preset: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="For",
        items=[(key, preset.title, preset.description) for key, preset in PRESETS.items()],
        default="GENERIC",
    )
    levels: IntProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Levels of Detail",
        description="Coarser meshes for the distance go into the file as well, each with half of "
        "the faces, named …_LOD1 and on, of which Unity makes a LOD group",
        default=1,
        min=1,
        max=MOST,
    )

    def execute(self, context: Any) -> set[str]:
        """Check, then export."""
        preset, levels = PRESETS[self.preset], self.levels
        return self.export(
            context, lambda context, avatar, path: export_fbx(context, avatar, path, preset, levels)
        )


class ALBUM2AVATAR_OT_export_glb(_ExportOperator):
    """Write the active avatar as GLB, ready to import again; the avatar itself stays as it is"""

    bl_idname = "album2avatar.export_glb"
    bl_label = "Export Avatar as GLB"

    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Check, then export."""
        return self.export(context, export_glb)


class ALBUM2AVATAR_OT_check_export(Operator):
    """Look at the active avatar for what would go wrong or look wrong in other programs"""

    bl_idname = "album2avatar.check_export"
    bl_label = "Check Avatar"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an avatar."""
        return is_part_of_avatar(context.active_object)

    def execute(self, context: Any) -> set[str]:
        """Check, and keep the list for the panel."""
        _check(context)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_fix_export(Operator):
    """Repair this in the avatar itself. Undo brings back what was before"""

    bl_idname = "album2avatar.fix_export"
    bl_label = "Fix"
    bl_options = {"REGISTER", "UNDO"}

    fix: EnumProperty(items=[(key, title, "") for key, title in FIX_TITLES.items()])  # pyright: ignore[reportInvalidTypeForm]
    mesh: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Fix, then check again."""
        try:
            fix(context, find_character(context.active_object), self.mesh, self.fix)
            _check(context)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def _check(context: Any) -> None:
    character = find_character(context.active_object)
    findings = check_meshes(collect_facts(character))
    keep_findings(state(context).export, character.armature.name, findings)


CLASSES = (
    ALBUM2AVATAR_OT_export_fbx,
    ALBUM2AVATAR_OT_export_glb,
    ALBUM2AVATAR_OT_check_export,
    ALBUM2AVATAR_OT_fix_export,
)


def draw_export_menu(menu: Any, context: Any) -> None:
    """Entries of File > Export."""
    menu.layout.operator(ALBUM2AVATAR_OT_export_fbx.bl_idname, text="album2avatar Avatar (.fbx)")
    menu.layout.operator(ALBUM2AVATAR_OT_export_glb.bl_idname, text="album2avatar Avatar (.glb)")
