"""Avatars into the scene, and into a pose."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty
from bpy.types import Operator
from bpy_extras.io_utils import ImportHelper

from ..errors import AvatarError
from .asset_mark import mark_as_asset
from .character import Character, find_character, is_part_of_avatar
from .importer import import_avatar
from .knowledge import show_colors, show_knowledge, shows_knowledge
from .posing import ARM_POSES, pose_arms, reset_pose
from .selecting import select_asset


class ALBUM2AVATAR_OT_import_avatar(Operator, ImportHelper):
    """Add an avatar to the scene, rigged and textured; nothing else in the scene changes"""

    bl_idname = "album2avatar.import_avatar"
    bl_label = "Import Avatar"
    bl_options = {"REGISTER", "UNDO"}

    filename_ext = ".glb"
    filter_glob: StringProperty(default="*.glb", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    title: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Name",
        description="Name of the avatar in the scene; empty takes the file's",
        options={"SKIP_SAVE"},
    )
    is_asset: BoolProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Mark as Asset",
        description="Show the avatar in the asset browser, too",
        default=True,
    )

    def execute(self, context: Any) -> set[str]:
        """Import; Blender records the step for undo."""
        try:
            avatar = import_avatar(context, Path(self.filepath), self.title)
            if self.is_asset:
                mark_as_asset(avatar)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        self.report({"INFO"}, f"{avatar.armature.name} is in the scene")
        return {"FINISHED"}


class _AvatarOperator(Operator):
    """Does something to the active avatar, as one undo step."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an avatar."""
        return is_part_of_avatar(context.active_object)

    def run(self, context: Any, action: Callable[[Character], None]) -> set[str]:
        """Let `action` work on the active avatar, and say in words what hinders it."""
        try:
            action(find_character(context.active_object))
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_pose(_AvatarOperator):
    """Put every bone back to its rest, then stretch both arms; keyframes stay as they are"""

    bl_idname = "album2avatar.pose"
    bl_label = "Pose Avatar"

    pose: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Pose", items=[(key, pose.title, "") for key, pose in ARM_POSES.items()]
    )

    def execute(self, context: Any) -> set[str]:
        """Pose the active avatar."""
        return self.run(context, lambda avatar: pose_arms(context, avatar, ARM_POSES[self.pose]))


class ALBUM2AVATAR_OT_reset_pose(_AvatarOperator):
    """Put every bone of the avatar back to its rest; keyframes stay as they are"""

    bl_idname = "album2avatar.reset_pose"
    bl_label = "Reset Pose"

    def execute(self, context: Any) -> set[str]:
        """Reset the active avatar."""
        return self.run(context, lambda avatar: reset_pose(context, avatar))


class ALBUM2AVATAR_OT_select_asset_faces(_AvatarOperator):
    """Select this asset's faces in Edit Mode. Shift adds them to the selection"""

    bl_idname = "album2avatar.select_asset_faces"
    bl_label = "Select Faces"

    asset: IntProperty(name="Asset", description="Its place in the avatar's list", min=0)  # pyright: ignore[reportInvalidTypeForm]
    extend: BoolProperty(name="Extend", options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Take Shift into account."""
        self.extend = event.shift
        return self.execute(context)

    def execute(self, context: Any) -> set[str]:
        """Select."""
        return self.run(
            context, lambda avatar: select_asset(context, avatar, self.asset, self.extend)
        )


class ALBUM2AVATAR_OT_toggle_knowledge(_AvatarOperator):
    """Show on the avatar where photos decide its colours and where they were guessed; again for
    the colours. Exports have the colours in any case"""

    bl_idname = "album2avatar.toggle_knowledge"
    bl_label = "Show What Was Guessed"

    def execute(self, context: Any) -> set[str]:
        """Change what the active avatar's surface shows."""
        return self.run(context, _toggle_knowledge)


class ALBUM2AVATAR_OT_mark_as_asset(_AvatarOperator):
    """Show the avatar in the asset browser, to drag it into other scenes of this file"""

    bl_idname = "album2avatar.mark_as_asset"
    bl_label = "Mark as Asset"

    def execute(self, context: Any) -> set[str]:
        """Mark the active avatar's collection."""
        return self.run(context, mark_as_asset)


def _toggle_knowledge(avatar: Character) -> None:
    if shows_knowledge(avatar):
        show_colors(avatar)
    else:
        show_knowledge(avatar)


CLASSES = (
    ALBUM2AVATAR_OT_import_avatar,
    ALBUM2AVATAR_OT_pose,
    ALBUM2AVATAR_OT_reset_pose,
    ALBUM2AVATAR_OT_select_asset_faces,
    ALBUM2AVATAR_OT_toggle_knowledge,
    ALBUM2AVATAR_OT_mark_as_asset,
)


def draw_import_menu(menu: Any, context: Any) -> None:
    """Entry of File > Import."""
    menu.layout.operator(ALBUM2AVATAR_OT_import_avatar.bl_idname, text="album2avatar Avatar (.glb)")
