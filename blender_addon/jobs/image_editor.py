"""The newest preview of a job as a Blender image, for the Image Editor."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy

from ..sidebar.image_areas import redraw_image_areas, show_image

_MARK = "album2avatar_preview"
_NAME = "album2avatar Preview"


def show_preview(context: Any, path: Path) -> None:
    """Show a picture in an Image Editor; where none is open, in a window of its own."""
    image = _find() or _make()
    _set_picture(image, path)
    show_image(context, image)


def update_preview(path: Path) -> None:
    """Let the image show a newer picture; where the artist never asked for it there is none."""
    image = _find()
    if image is not None and image.filepath != str(path):
        _set_picture(image, path)
        redraw_image_areas()


def _find() -> Any:
    """Looked up each time: undo and loading replace Blender's data."""
    return next((image for image in bpy.data.images if _MARK in image), None)


def _make() -> Any:
    image = bpy.data.images.new(_NAME, 1, 1)
    image[_MARK] = True
    return image


def _set_picture(image: Any, path: Path) -> None:
    """Blender decodes it when an editor draws it."""
    image.source = "FILE"
    image.filepath = str(path)
    image.reload()
