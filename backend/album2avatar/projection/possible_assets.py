"""Which assets can be where on the body: no photo makes a finger a sleeve."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.projection.observations import nearest_skin

_ON_HANDS: tuple[AssetKind, ...] = ("skin",)
_ON_FEET: tuple[AssetKind, ...] = ("skin", "shoes", "bottom", "dress", "outerwear")
_ON_HEAD: tuple[AssetKind, ...] = (
    "face", "skin", "hair", "headwear", "glasses", "top", "dress", "outerwear",
)  # fmt: skip
PART_KINDS: Mapping[str, tuple[AssetKind, ...]] = {
    "hand.L": _ON_HANDS,
    "hand.R": _ON_HANDS,
    "foot.L": _ON_FEET,
    "foot.R": _ON_FEET,
    "head": _ON_HEAD,
}
"""Fingers are thinner than a fitted pose is wrong, so that photos often see a sleeve or trousers
behind them. A hem may fall over a foot, a collar or hood may reach the head."""
BARE: tuple[AssetKind, ...] = ("skin", "face")
FURTHEST_SKIN = 0.03
"""Metres from the fitted body beyond which a surface is no skin."""


def possible_assets(points: Tensor, body: CanonicalBody, kinds: Sequence[AssetKind]) -> Tensor:
    """Which of K assets may be at points (N, 3) of the surface: (N, K) bool.

    Where the album has none of the kinds that a part may have, all are possible.
    """
    nearest = nearest_skin(points, body)
    possible = torch.ones(len(points), len(kinds), dtype=torch.bool, device=points.device)
    for part, allowed in PART_KINDS.items():
        row = torch.tensor([kind in allowed for kind in kinds], device=points.device)
        if part in body.parts and bool(row.any()):
            possible[body.parts[part][nearest]] = row
    return possible


def assets_standing_off(points: Tensor, body: CanonicalBody, kinds: Sequence[AssetKind]) -> Tensor:
    """The same for a surface that shows what is worn: far from the body there is no bare skin.

    A hem swings, and photos often see a leg where it hangs on the avatar.
    """
    possible = possible_assets(points, body, kinds)
    worn = torch.tensor([kind not in BARE for kind in kinds], device=points.device)
    distance = DistanceField(outer_surface(body)).closest(points).distance
    is_far = (distance > FURTHEST_SKIN) & (possible & worn).any(1)
    return torch.where(is_far[:, None], possible & worn, possible)
