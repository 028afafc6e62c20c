"""Photos of the workspace as a surface is held against them."""

import torch

from album2avatar.album_photos import load_masked_photo
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.workspace import Workspace


def read_photo(workspace: Workspace, photo: str) -> MaskedPhoto:
    """Read one photo with its mask.

    Raises:
        WorkspaceError: one of them is missing or damaged.
        AlbumError: they have different sizes.
    """
    pixels, mask = load_masked_photo(workspace, photo)
    return MaskedPhoto(torch.tensor(pixels).float() / 255.0, torch.tensor(mask).long())
