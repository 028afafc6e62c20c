"""The one colour that stands for a piece of clothing in a list."""

import numpy as np
import torch
from numpy.typing import NDArray

from album2avatar.album_photos import load_masked_photo
from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind, AssetTable
from album2avatar.mesh.storage import load_mesh
from album2avatar.pictures import load_texture
from album2avatar.render.texture import texture
from album2avatar.workspace import Workspace

_CORNERS = torch.tensor([[1, 1, 1], [4, 1, 1], [1, 4, 1], [1, 1, 4]]) / torch.tensor(
    [[3.0], [6.0], [6.0], [6.0]]
)
"""Barycentric places in a face at which its texture is read."""


def asset_color(avatar: Workspace, kind: AssetKind) -> tuple[int, int, int] | None:
    """Median sRGB of an asset: on the painted avatar, or in the photos where it has nothing of it.

    Returns:
        None where neither shows it.
    """
    table = load_asset_table(avatar)
    index = [asset.kind for asset in table.assets].index(kind)
    colors = _painted_colors(avatar, index)
    if not len(colors):
        colors = _photo_colors(avatar, table, index)
    if not len(colors):
        return None
    red, green, blue = (int(value) for value in np.median(colors, axis=0).round())
    return red, green, blue


def _painted_colors(avatar: Workspace, index: int) -> NDArray[np.float32]:
    """(N, 3) 0..255 at a few places of each of the asset's faces."""
    painted = load_mesh(avatar.painted)
    own = painted.extras["face_asset"] == index
    if painted.uv is None:
        return np.zeros((0, 3), np.float32)
    corners = painted.uv.coordinates[painted.uv.faces[own]]
    places = torch.einsum("pc,fcd->fpd", _CORNERS, corners).reshape(-1, 2)
    return 255 * texture(load_texture(avatar.albedo), places, "clamp").numpy()


def _photo_colors(avatar: Workspace, table: AssetTable, index: int) -> NDArray[np.float32]:
    """(N, 3) 0..255, all pixels of the asset in all photos."""
    found = [np.zeros((0, 3), np.float32)]
    for labels in table.photos:
        pixels, mask = load_masked_photo(avatar, labels.photo)
        found.append(pixels[mask == index + 1].astype(np.float32))
    return np.concatenate(found)
