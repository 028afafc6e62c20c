"""The sidebar's panel of the assets."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel, UIList

from .. import backend
from ..connection.types import Asset, Job, Snapshot
from ..creation.submitting import obstacles_now
from ..sidebar.asking import draw_problem
from ..sidebar.handing_in import is_handing_in
from ..sidebar.pictures import pictures
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .mask_image import chosen_brush, find_mask
from .mask_operators import mask_in_view
from .photos import photos_phrase, shown_photo
from .properties import asset_of

_MASK_SCALE = 10.0


class ALBUM2AVATAR_UL_assets(UIList):
    """Pieces of the person; double-click a name to change it"""

    bl_idname = "ALBUM2AVATAR_UL_assets"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
        filter_flag: int = 0,
    ) -> None:
        """Draw one asset: picture, name, token, in how many photos."""
        asset = asset_of(item.job, item.kind)
        if asset is None:
            return
        row = layout.row(align=True)
        picture = pictures().icon(asset.icon)
        if item.job in backend.connection().peek().editable:
            row.prop(item, "title", text="", emboss=False, icon_value=picture)
        else:
            row.label(text=asset.name, icon_value=picture)
        row.label(text=asset.token)
        side = row.row()
        side.alignment = "RIGHT"
        side.label(text=photos_phrase(asset))


class ALBUM2AVATAR_PT_assets(SidebarPanel, Panel):
    """Face, hair and garments that were found in the photos"""

    bl_idname = "ALBUM2AVATAR_PT_assets"
    bl_label = "Assets"
    bl_order = 2

    def draw(self, context: Any) -> None:
        """Draw the chosen job's assets."""
        layout = self.layout
        snapshot = backend.connection().snapshot()
        choices = state(context)
        row = layout.row()
        row.enabled = not obstacles_now(context, snapshot) and not is_handing_in()
        row.operator("album2avatar.find_assets", icon="VIEWZOOM")
        draw_problem(layout, context, "assets")
        if not choices.assets.lines:
            draw_sentence(
                layout,
                context,
                "Find assets first to look them over, or create the avatar right away.",
            )
            return
        job = snapshot.job(choices.jobs.chosen)
        if job is not None:
            layout.label(text=f"Of {job.title}:")
        layout.template_list(
            ALBUM2AVATAR_UL_assets.bl_idname,
            "",
            choices.assets,
            "lines",
            choices.assets,
            "index",
            rows=4,
        )
        asset = asset_of(choices.jobs.chosen, choices.assets.chosen)
        if asset is not None:
            self._draw_edits(context, snapshot)
            self._draw_update(snapshot, job)
            self._draw_mask(context, snapshot, asset)

    def _draw_edits(self, context: Any, snapshot: Snapshot) -> None:
        row = self.layout.row(align=True)
        row.enabled = state(context).jobs.chosen in snapshot.editable
        row.menu("ALBUM2AVATAR_MT_merge_asset", icon="AUTOMERGE_ON")
        row.operator("album2avatar.drop_asset", icon="TRASH")

    def _draw_update(self, snapshot: Snapshot, job: Job | None) -> None:
        if job is None or job.id not in snapshot.editable:
            return
        if (job.state, job.goal) == ("done", "avatar"):
            update = self.layout.operator(
                "album2avatar.resume_job", text="Update Avatar", icon="FILE_REFRESH"
            )
            update.job = job.id

    def _draw_mask(self, context: Any, snapshot: Snapshot, asset: Asset) -> None:
        choices = state(context)
        photo = shown_photo(asset, choices.assets.photo)
        if photo is None:
            return
        self.layout.template_icon(pictures().icon(photo.preview), scale=_MASK_SCALE)
        row = self.layout.row(align=True)
        row.operator("album2avatar.turn_asset_photo", text="", icon="TRIA_LEFT").step = -1
        row.label(text=f"{photo.photo}: {photo.share:.0%} of the photo")
        row.operator("album2avatar.turn_asset_photo", text="", icon="TRIA_RIGHT").step = 1
        self._draw_painting(context, snapshot)

    def _draw_painting(self, context: Any, snapshot: Snapshot) -> None:
        place = mask_in_view(context)
        if place is None or place.job not in snapshot.editable:
            return
        if find_mask(place) is None:
            self.layout.operator("album2avatar.paint_mask", icon="BRUSH_DATA")
            return
        box = self.layout.box()
        draw_sentence(
            box,
            context,
            "Paint in the Image Editor: the piece is opaque, all else is faint.",
        )
        brush = chosen_brush(context)
        row = box.row(align=True)
        for chosen, text in (("ERASE", "Erase"), ("ADD", "Add")):
            button = row.operator(
                "album2avatar.choose_mask_brush", text=text, depress=brush == chosen
            )
            button.chosen = chosen
        row = box.row(align=True)
        row.operator("album2avatar.use_mask", icon="CHECKMARK")
        row.operator("album2avatar.discard_mask", text="", icon="X")


CLASSES = (ALBUM2AVATAR_UL_assets, ALBUM2AVATAR_PT_assets)
