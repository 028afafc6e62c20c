"""A mask as an image that Blender's Image Editor paints: the photo, opaque where the asset is."""

# pyright: reportMissingImports=false

import shutil
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy

from ..errors import AvatarError
from ..sidebar.image_areas import redraw_image_areas, show_image

_MARK = "album2avatar_mask"
_FOLDER = "album2avatar-masks"
_ERASE, _ADD = "ERASE_ALPHA", "ADD_ALPHA"

Brush = Literal["ERASE", "ADD"]
"""Whether strokes take from the asset or add to it."""


@dataclass(frozen=True)
class MaskPlace:
    """Whose mask it is."""

    job: str
    kind: str
    photo: str

    @property
    def artifact(self) -> str:
        """Id of the picture at the backend."""
        return f"{self.job}.painting.{self.kind}.{self.photo}"


def open_mask(context: Any, place: MaskPlace, title: str) -> None:
    """Show an asset's mask in an Image Editor, ready to be painted; its picture may come later."""
    image = find_mask(place) or _make(place, title)
    area = show_image(context, image)
    if area is None:
        return
    space = area.spaces.active
    space.ui_mode = "PAINT"
    space.display_channels = "COLOR_ALPHA"
    brush = _brush(context)
    if brush is not None and brush.blend not in (_ERASE, _ADD):
        brush.blend = _ERASE


def fill_masks(files: Mapping[str, Path]) -> list[str]:
    """Give opened masks their pictures as far as they are downloaded.

    Returns:
        Artifact ids of the pictures that are missing.
    """
    missing: list[str] = []
    for image in bpy.data.images:
        if _MARK not in image or image.source == "FILE":
            continue
        artifact = _place(image).artifact
        if artifact in files:
            _fill(image, files[artifact])
            redraw_image_areas()
        else:
            missing.append(artifact)
    return missing


def find_mask(place: MaskPlace) -> Any:
    """The image of an opened mask, None where it isn't open. Undo and loading replace images."""
    found = (image for image in bpy.data.images if _MARK in image)
    return next((image for image in found if _place(image) == place), None)


def save_mask(image: Any) -> Path:
    """Write what was painted to the image's file.

    Raises:
        AvatarError: it has no picture yet or any more, or can't be written.
    """
    if image.source != "FILE":
        raise AvatarError("The mask's picture is still on its way. Wait a moment.")
    path = Path(bpy.path.abspath(image.filepath_raw))
    if not image.has_data and not path.is_file():
        raise AvatarError("The mask's picture is gone. Discard it and paint it anew.")
    try:
        if image.is_dirty:
            image.save()
    except RuntimeError as error:
        raise AvatarError(f"The mask can't be saved ({error}).") from error
    return path


def close_mask(context: Any, image: Any) -> None:
    """Let go of the image and its file, and give the brush back."""
    path = Path(bpy.path.abspath(image.filepath_raw)) if image.source == "FILE" else None
    bpy.data.images.remove(image)
    if path is not None and path.parent == _folder():
        path.unlink(missing_ok=True)
    brush = _brush(context)
    if brush is not None and brush.blend in (_ERASE, _ADD):
        brush.blend = "MIX"


def choose_brush(context: Any, chosen: Brush) -> None:
    """Let strokes take from the asset, or add to it.

    Raises:
        AvatarError: there is no brush.
    """
    brush = _brush(context)
    if brush is None:
        raise AvatarError("There is no brush. Choose the brush tool in the Image Editor first.")
    brush.blend = _ERASE if chosen == "ERASE" else _ADD


def chosen_brush(context: Any) -> Brush | None:
    """What strokes do to the asset, None where they paint a colour."""
    brush = _brush(context)
    chosen: dict[str, Brush] = {_ERASE: "ERASE", _ADD: "ADD"}
    return chosen.get(brush.blend) if brush is not None else None


def _make(place: MaskPlace, title: str) -> Any:
    image = bpy.data.images.new(title, 1, 1, alpha=True)
    image[_MARK] = {"job": place.job, "kind": place.kind, "photo": place.photo}
    return image


def _fill(image: Any, picture: Path) -> None:
    """A copy of its own: the download may be replaced, and saving must not change it."""
    _folder().mkdir(parents=True, exist_ok=True)
    path = _folder() / f"{uuid.uuid4().hex}.png"
    shutil.copyfile(picture, path)
    image.source = "FILE"
    image.filepath = str(path)
    image.reload()


def _place(image: Any) -> MaskPlace:
    mark = image[_MARK]
    return MaskPlace(mark["job"], mark["kind"], mark["photo"])


def _folder() -> Path:
    return Path(bpy.app.tempdir) / _FOLDER


def _brush(context: Any) -> Any:
    return context.tool_settings.image_paint.brush
