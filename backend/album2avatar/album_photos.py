"""The album's upright photos, as the intake wrote them, and the masks on them."""

import numpy as np
from numpy.typing import NDArray

from album2avatar.asset_table import load_mask
from album2avatar.errors import AlbumError
from album2avatar.png_files import read_png
from album2avatar.workspace import Workspace


def load_photo(workspace: Workspace, photo: str) -> NDArray[np.uint8]:
    """Read a photo: (H, W, 3) sRGB.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    path = workspace.photo(photo)
    remedy = (
        f"Delete {path.parent.parent} and run the command again, or resume the job; the photos "
        "are then taken in anew."
    )
    return read_png(path, "RGB", remedy)


def load_masked_photo(
    workspace: Workspace, photo: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read a photo, (H, W, 3) sRGB, and its mask, (H, W).

    Raises:
        WorkspaceError: one of them is missing or damaged.
        AlbumError: they have different sizes.
    """
    pixels, mask = load_photo(workspace, photo), load_mask(workspace, photo)
    if pixels.shape[:2] != mask.shape:
        raise AlbumError(
            f"{workspace.mask(photo)} is {mask.shape[1]}x{mask.shape[0]} pixels, its photo "
            f"{pixels.shape[1]}x{pixels.shape[0]}. Save the mask at the photo's size."
        )
    return pixels, mask
