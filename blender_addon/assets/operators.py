"""Find the person's pieces, and put right what was found wrong."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty
from bpy.types import Menu, Operator

from .. import backend
from ..creation.submitting import find_assets
from ..errors import AvatarError
from ..sidebar.asking import ask
from ..sidebar.state import state
from .photos import neighbour, shown_photo
from .properties import asset_of


class ALBUM2AVATAR_OT_find_assets(Operator):
    """Find face, hair and garments in the photos, to look them over before the avatar is made"""

    bl_idname = "album2avatar.find_assets"
    bl_label = "Find Assets"

    def execute(self, context: Any) -> set[str]:
        """Hand in a job that ends at the assets."""
        try:
            find_assets(context)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_drop_asset(Operator):
    """Leave the chosen piece out: the avatar is made without it"""

    bl_idname = "album2avatar.drop_asset"
    bl_label = "Drop"

    kind: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first: it can't be undone."""
        return context.window_manager.invoke_confirm(self, event)

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        choices = state(context)
        kind = self.kind or choices.assets.chosen
        ask("assets", "DELETE", f"/jobs/{choices.jobs.chosen}/assets/{kind}")
        return {"FINISHED"}


class ALBUM2AVATAR_OT_merge_asset(Operator):
    """Make the chosen piece part of this one: both are the same garment"""

    bl_idname = "album2avatar.merge_asset"
    bl_label = "Merge Into"

    kind: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]
    into: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        choices = state(context)
        kind = self.kind or choices.assets.chosen
        path = f"/jobs/{choices.jobs.chosen}/assets/{kind}/merge"
        ask("assets", "POST", path, {"into": self.into}, then=_choose(self.into))
        return {"FINISHED"}


class ALBUM2AVATAR_OT_rename_asset(Operator):
    """Give the chosen piece another name; the words help to make it"""

    bl_idname = "album2avatar.rename_asset"
    bl_label = "Rename"

    kind: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]
    name: StringProperty(name="Name")  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        if not self.name.strip():
            self.report({"ERROR"}, "A piece needs a name of one to three words.")
            return {"CANCELLED"}
        choices = state(context)
        kind = self.kind or choices.assets.chosen
        path = f"/jobs/{choices.jobs.chosen}/assets/{kind}"
        ask("assets", "PATCH", path, {"name": self.name.strip()})
        return {"FINISHED"}


class ALBUM2AVATAR_OT_turn_asset_photo(Operator):
    """Show the piece in another photo"""

    bl_idname = "album2avatar.turn_asset_photo"
    bl_label = "Another Photo"

    step: IntProperty(default=1)  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Turn to it."""
        choices = state(context)
        asset = asset_of(choices.jobs.chosen, choices.assets.chosen)
        shown = shown_photo(asset, choices.assets.photo) if asset is not None else None
        if asset is None or shown is None:
            return {"CANCELLED"}
        choices.assets.photo = neighbour(asset, shown.photo, self.step)
        backend.redraw()
        return {"FINISHED"}


class ALBUM2AVATAR_MT_merge_asset(Menu):
    """Pieces that the chosen one can become part of"""

    bl_idname = "ALBUM2AVATAR_MT_merge_asset"
    bl_label = "Merge Into"

    def draw(self, context: Any) -> None:
        """Draw an entry for each other asset."""
        choices = state(context)
        for asset in backend.connection().peek().assets.get(choices.jobs.chosen, ()):
            if asset.kind != choices.assets.chosen:
                entry = self.layout.operator("album2avatar.merge_asset", text=asset.name)
                entry.into = asset.kind


def _choose(kind: str) -> Any:
    def then(answer: Any) -> None:
        state(bpy.context).assets.chosen = kind

    return then


CLASSES = (
    ALBUM2AVATAR_OT_find_assets,
    ALBUM2AVATAR_OT_drop_asset,
    ALBUM2AVATAR_OT_merge_asset,
    ALBUM2AVATAR_OT_rename_asset,
    ALBUM2AVATAR_OT_turn_asset_photo,
    ALBUM2AVATAR_MT_merge_asset,
)
