"""Which texels of a painted avatar show the colours of one asset and nothing else."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn.functional import one_hot

from album2avatar.mesh.storage import StoredMesh
from album2avatar.render.baking import TexelMap, map_texels
from album2avatar.render.screen import Resolution

FILTERED = 0.008
"""Metres from a face with two assets within which a texture's filter may mix in their colours:
more than a texel of a quick avatar."""


@dataclass(frozen=True)
class AssetTexels:
    """The covered texels of a painted mesh, N of them."""

    texels: TexelMap
    points: Tensor
    """(N, 3) metres, on the surface."""
    assets: Tensor
    """(N,) int64."""
    clean: Tensor
    """(N,) bool, beyond the faces that have a border in them, or the asset has no such texels."""


def asset_texels(painted: StoredMesh, resolution: Resolution) -> AssetTexels:
    """Find the assets of a painted avatar's texels.

    Args:
        resolution: (height, width) of its texture.
    """
    assert painted.uv is not None  # the paint stage always writes one
    texels = map_texels(painted.uv, resolution)
    kinds = one_hot(painted.extras["vertex_asset"]).float()
    rows = texels.read(torch.cat([painted.mesh.vertices, kinds], 1), painted.mesh.faces)
    points, assets = rows[:, :3], rows[:, 3:].argmax(1)
    of_face = texels.rast[0, ..., 3].long()[texels.covered] - 1
    # The painter's border runs anywhere between two vertices of different assets.
    corners = painted.extras["vertex_asset"][painted.mesh.faces]
    has_border = (corners != corners[:, :1]).any(1)[of_face]
    return AssetTexels(texels, points, assets, _clean(points, assets, has_border))


def _clean(points: Tensor, assets: Tensor, has_border: Tensor) -> Tensor:
    if not bool(has_border.any()):
        return torch.ones_like(has_border)
    tree = KDTree(points[has_border].numpy())
    away = tree.query(points.numpy(), distance_upper_bound=FILTERED)[0]
    clean = torch.from_numpy(np.isinf(away))
    for asset in assets.unique().tolist():
        own = assets == asset
        if not bool(clean[own].any()):
            clean[own] = True
    return clean
