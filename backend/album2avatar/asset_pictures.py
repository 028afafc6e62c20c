"""Pictures of an avatar's assets for a panel: an icon of each, and where a photo shows it."""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from album2avatar.album_photos import load_photo
from album2avatar.asset_table import load_labelled_album
from album2avatar.errors import AlbumError
from album2avatar.labelled_album import LabelledAlbum, place_of
from album2avatar.workspace import Workspace

ICON_SIDE = 128
PREVIEW_SIDE = 512
"""Long side in pixels; a panel shows no more."""
_PAPER = (54, 54, 54)
"""Behind a cut-out; the grey of Blender's panels."""
_SHADE = 0.25
"""Brightness of what isn't the asset in a mask preview."""


def asset_photos(album: LabelledAlbum) -> Mapping[str, tuple[tuple[str, float], ...]]:
    """Kind of each asset to the photos that show it, largest share first.

    Returns:
        Pairs of photo id and the share of the photo that the asset covers, 0..1.
    """
    table = album.table
    found: dict[str, list[tuple[str, float]]] = {asset.kind: [] for asset in table.assets}
    for photo, labels in album.labels.items():
        counts = np.bincount(labels.ravel(), minlength=len(table.assets) + 1)
        for place, asset in enumerate(table.assets):
            if counts[place + 1]:
                found[asset.kind].append((photo, float(counts[place + 1]) / labels.size))
    return {
        kind: tuple(sorted(photos, key=lambda item: (-item[1], item[0])))
        for kind, photos in found.items()
    }


def asset_icon(workspace: Workspace, kind: str) -> bytes:
    """PNG of ICON_SIDE squared: the asset cut out of the photo that shows most of it.

    Raises:
        AlbumError: there is no such asset, or no photo shows it.
    """
    album = load_labelled_album(workspace)
    photos = asset_photos(album).get(kind, ())
    if not photos:
        raise AlbumError(f"No photo shows the asset {kind}.")
    photo = photos[0][0]
    mask = album.labels[photo] == place_of(album.table, kind) + 1
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    cut = np.where(mask[..., None], load_photo(workspace, photo), np.array(_PAPER, np.uint8))
    cut = cut[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    piece = Image.fromarray(cut)
    piece.thumbnail((ICON_SIDE, ICON_SIDE), Image.Resampling.LANCZOS)
    icon = Image.new("RGB", (ICON_SIDE, ICON_SIDE), _PAPER)
    icon.paste(piece, ((ICON_SIDE - piece.width) // 2, (ICON_SIDE - piece.height) // 2))
    return _png(icon)


def mask_preview(workspace: Workspace, kind: str, photo: str) -> bytes:
    """PNG of a photo in which all but the asset is dark.

    Raises:
        AlbumError: there is no such asset or photo.
    """
    mask = asset_mask(workspace, kind, photo)
    pixels = load_photo(workspace, photo)
    shown = np.where(mask[..., None], pixels, (pixels * _SHADE).astype(np.uint8))
    picture = Image.fromarray(shown)
    picture.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.LANCZOS)
    return _png(picture)


def asset_mask(workspace: Workspace, kind: str, photo: str) -> NDArray[np.bool_]:
    """(H, W): where a photo shows an asset.

    Raises:
        AlbumError: there is no such asset or photo.
    """
    album = load_labelled_album(workspace)
    if photo not in album.labels:
        raise AlbumError(f"This avatar's album has no photo {photo}.")
    return album.labels[photo] == place_of(album.table, kind) + 1


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format="PNG", compress_level=3)
    return stream.getvalue()
