"""An avatar in Blender's asset browser, with a picture."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy

from .character import Character
from .metadata import KEY, parse_assets

_PREVIEW_PIXELS = 256
"""Width and height, as Blender's own asset previews."""


def mark_as_asset(character: Character, picture: Path | None) -> None:
    """Show an avatar's collection in the asset browser; dragging it out adds the whole avatar.

    Args:
        picture: shown there; None lets Blender draw one, which it can only with a window.
    """
    collection = character.armature.users_collection[0]
    collection.asset_mark()
    described = collection.asset_data
    described.description = describe(character)
    described.author = "album2avatar"
    for tag in ("avatar", character.armature[KEY].to_dict().get("rig", "")):
        if tag:
            described.tags.new(str(tag), skip_if_exists=True)
    if picture is not None:
        _set_preview(collection, picture)
    elif not bpy.app.background:
        collection.asset_generate_preview()


def describe(character: Character) -> str:
    """The avatar's pieces in words, such as "long hair, sweater, trousers"."""
    assets = parse_assets(character.armature[KEY].to_dict())
    return ", ".join(asset.name for asset in assets) or "An avatar"


def _set_preview(collection: Any, picture: Path) -> None:
    """Fit a picture into the square of a preview, with transparent edges."""
    image = bpy.data.images.load(str(picture), check_existing=False)
    try:
        width, height = image.size
        if min(width, height) == 0:
            return
        factor = _PREVIEW_PIXELS / max(width, height)
        inner = max(1, round(width * factor)), max(1, round(height * factor))
        image.scale(*inner)
        pixels = image.pixels[:]
        left, bottom = ((_PREVIEW_PIXELS - size) // 2 for size in inner)
        square = [0.0] * (4 * _PREVIEW_PIXELS**2)
        for row in range(inner[1]):
            start = 4 * ((row + bottom) * _PREVIEW_PIXELS + left)
            source = 4 * row * inner[0]
            square[start : start + 4 * inner[0]] = pixels[source : source + 4 * inner[0]]
        preview = collection.preview_ensure()
        preview.image_size = (_PREVIEW_PIXELS, _PREVIEW_PIXELS)
        preview.image_pixels_float.foreach_set(square)
    finally:
        bpy.data.images.remove(image)
