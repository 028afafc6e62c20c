"""Photos of the workspace as a surface is held against them."""

import torch

from album2avatar.album_photos import load_masked_photo
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.projection.trimming import without_background
from album2avatar.workspace import Workspace


def read_photo(workspace: Workspace, photo: str) -> MaskedPhoto:
    """Read one photo with its mask.

    Raises:
        WorkspaceError: one of them is missing or damaged.
        AlbumError: they have different sizes.
    """
    pixels, mask = load_masked_photo(workspace, photo)
    return MaskedPhoto(torch.tensor(pixels).float() / 255.0, torch.tensor(mask).long())


def read_trimmed_photo(workspace: Workspace, photo: str) -> MaskedPhoto:
    """`read_photo` without the rim of background that the mask took along."""
    return without_background(read_photo(workspace, photo))
