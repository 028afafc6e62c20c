"""Put a mask right with a brush."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

import bpy
from bpy.props import EnumProperty
from bpy.types import Operator

from ..errors import AvatarError
from ..sidebar.asking import ask
from ..sidebar.state import state
from .mask_image import MaskPlace, choose_brush, close_mask, find_mask, open_mask, save_mask
from .photos import shown_photo
from .properties import asset_of

_BRUSHES = {
    "ERASE": ("Erase", "Strokes take pixels away from the piece"),
    "ADD": ("Add", "Strokes give pixels to the piece"),
}
"""Name and description of what a brush does."""


class ALBUM2AVATAR_OT_paint_mask(Operator):
    """Open the piece's mask in an Image Editor, to erase from it and to add to it"""

    bl_idname = "album2avatar.paint_mask"
    bl_label = "Paint Mask"

    def execute(self, context: Any) -> set[str]:
        """Open it."""
        place = mask_in_view(context)
        if place is None:
            return {"CANCELLED"}
        asset = asset_of(place.job, place.kind)
        title = f"{asset.name if asset is not None else place.kind} in {place.photo}"
        open_mask(context, place, title)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_choose_mask_brush(Operator):
    """What strokes in the Image Editor do to the mask"""

    bl_idname = "album2avatar.choose_mask_brush"
    bl_label = "Brush"

    chosen: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        items=tuple((name, *texts) for name, texts in _BRUSHES.items())
    )

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """Say what the button does."""
        return _BRUSHES[properties.chosen][1]

    def execute(self, context: Any) -> set[str]:
        """Set the brush's blending mode."""
        try:
            choose_brush(context, self.chosen)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_use_mask(Operator):
    """Save the painted mask, and make the avatar with it from now on"""

    bl_idname = "album2avatar.use_mask"
    bl_label = "Use Mask"

    def execute(self, context: Any) -> set[str]:
        """Hand it to the backend; the image closes when it was taken."""
        place = mask_in_view(context)
        image = find_mask(place) if place is not None else None
        if place is None or image is None:
            return {"CANCELLED"}
        try:
            path = save_mask(image)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}

        def close(answer: Any) -> None:
            taken = find_mask(place)
            if taken is not None:
                close_mask(bpy.context, taken)

        target = f"/jobs/{place.job}/assets/{place.kind}/masks/{place.photo}"
        ask("assets", "PUT", target, {"path": str(path)}, then=close)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_discard_mask(Operator):
    """Close the mask without using what was painted"""

    bl_idname = "album2avatar.discard_mask"
    bl_label = "Discard"

    def execute(self, context: Any) -> set[str]:
        """Close it."""
        place = mask_in_view(context)
        image = find_mask(place) if place is not None else None
        if image is None:
            return {"CANCELLED"}
        close_mask(context, image)
        return {"FINISHED"}


def mask_in_view(context: Any) -> MaskPlace | None:
    """The mask that the panel shows."""
    choices = state(context)
    asset = asset_of(choices.jobs.chosen, choices.assets.chosen)
    photo = shown_photo(asset, choices.assets.photo) if asset is not None else None
    if asset is None or photo is None:
        return None
    return MaskPlace(choices.jobs.chosen, asset.kind, photo.photo)


CLASSES = (
    ALBUM2AVATAR_OT_paint_mask,
    ALBUM2AVATAR_OT_choose_mask_brush,
    ALBUM2AVATAR_OT_use_mask,
    ALBUM2AVATAR_OT_discard_mask,
)
