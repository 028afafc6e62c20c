"""A mask as a picture that a paint program can change: the photo, opaque where the asset is.

To erase is to take from the asset, to give opacity back is to add to it; the photo itself stays
in sight while its mask is painted.
"""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from album2avatar.album_photos import load_photo
from album2avatar.asset_pictures import asset_mask
from album2avatar.errors import AlbumError
from album2avatar.workspace import Workspace

_FAINT = 80
"""Opacity of what isn't the asset, 0..255: in sight, to be found when it is missed."""
_OPAQUE = 168
"""Half way between faint and opaque."""


def asset_painting(workspace: Workspace, kind: str, photo: str) -> bytes:
    """RGBA PNG of a photo's full size: opaque where the asset is, faint elsewhere.

    Raises:
        AlbumError: there is no such asset or photo.
    """
    mask = asset_mask(workspace, kind, photo)
    opacity = np.where(mask, 255, _FAINT).astype(np.uint8)
    stream = io.BytesIO()
    picture = np.dstack((load_photo(workspace, photo), opacity))
    Image.fromarray(picture, "RGBA").save(stream, format="PNG", compress_level=3)
    return stream.getvalue()


def read_painting(path: Path, size: tuple[int, int]) -> NDArray[np.bool_]:
    """(H, W): where the painted picture is opaque.

    Args:
        size: (W, H) of the photo.

    Raises:
        AlbumError: it isn't there, no PNG with opacity, or of another size.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            if image.size != size:
                raise AlbumError(
                    f"{path.name} has {image.width} x {image.height} pixels, the photo has "
                    f"{size[0]} x {size[1]}. Open the mask again, and keep its size."
                )
            if "A" not in image.getbands():
                raise AlbumError(
                    f"{path.name} has no opacity, which says what belongs to the asset. Save it as "
                    "PNG with the colours RGBA."
                )
            return np.asarray(image.getchannel("A")) >= _OPAQUE
    except (OSError, ValueError, SyntaxError) as error:
        raise AlbumError(f"{path} can't be read ({error}). Save it as PNG.") from error
