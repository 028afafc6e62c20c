"""How rough what is worn is, by what it is called."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from album2avatar.assets import Asset, AssetKind
from album2avatar.mesh.types import UvMap
from album2avatar.render.baking import map_texels

OF_KIND: Mapping[AssetKind, float] = {
    "face": 0.5,
    "skin": 0.5,
    "hair": 0.45,
    "top": 0.85,
    "bottom": 0.85,
    "dress": 0.8,
    "outerwear": 0.8,
    "shoes": 0.55,
    "headwear": 0.8,
    "glasses": 0.2,
    "bag": 0.6,
}
"""GGX roughness, 0..1, as artists usually set it for skin, hair, cloth and polished leather."""
OF_WORD: Mapping[str, float] = {
    "leather": 0.45,
    "silk": 0.4,
    "satin": 0.4,
    "rain": 0.35,
    "rubber": 0.5,
    "denim": 0.85,
    "jeans": 0.85,
    "wool": 0.95,
    "knit": 0.95,
    "sweater": 0.95,
    "fleece": 0.95,
    "sneakers": 0.65,
}
"""What words in an asset's name say of its material; photos that show a garment under unknown
lights don't tell it."""


def asset_roughness(assets: Sequence[Asset]) -> Tensor:
    """(A,) roughness of each asset, 0..1."""
    return torch.tensor([_of(asset) for asset in assets])


def as_channels(roughness: Tensor) -> Tensor:
    """Roughness (N,) as glTF's channels (N, 3): occlusion, roughness, metal."""
    return torch.stack([torch.ones_like(roughness), roughness, torch.zeros_like(roughness)], 1)


def bake_roughness(uv: UvMap, face_assets: Tensor, of_asset: Tensor, size: int) -> Tensor:
    """Roughness as a texture, (size, size, 3) as glTF wants it, row 0 at v = 0.

    Args:
        face_assets: (F,) int64.
        of_asset: (A,) from `asset_roughness`.
    """
    texels = map_texels(uv, (size, size))
    face = texels.rast[0, ..., 3].long()[texels.covered] - 1
    return texels.fill(as_channels(of_asset.to(face.device)[face_assets[face]]))


def _of(asset: Asset) -> float:
    said = [OF_WORD[word] for word in asset.name.lower().split() if word in OF_WORD]
    return said[0] if said else OF_KIND[asset.kind]
