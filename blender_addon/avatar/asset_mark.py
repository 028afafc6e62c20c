"""An avatar in Blender's asset browser, with a picture."""

# pyright: reportMissingImports=false

from .character import Character
from .metadata import KEY, parse_assets
from .portrait import draw_portrait

_PREVIEW_PIXELS = 256
"""Width and height, as Blender's own asset previews."""


def mark_as_asset(character: Character) -> None:
    """Show an avatar's collection in the asset browser; dragging it out adds the whole avatar."""
    collection = character.armature.users_collection[0]
    collection.asset_mark()
    described = collection.asset_data
    described.description = describe(character)
    described.author = "album2avatar"
    for tag in ("avatar", character.armature[KEY].to_dict().get("rig", "")):
        if tag:
            described.tags.new(str(tag), skip_if_exists=True)
    preview = collection.preview_ensure()
    preview.image_size = (_PREVIEW_PIXELS, _PREVIEW_PIXELS)
    picture = draw_portrait(character.meshes, _PREVIEW_PIXELS)
    preview.image_pixels_float.foreach_set(picture.reshape(-1))


def describe(character: Character) -> str:
    """The avatar's pieces in words, such as "long hair, sweater, trousers"."""
    assets = parse_assets(character.armature[KEY].to_dict())
    return ", ".join(asset.name for asset in assets) or "An avatar"
