"""Close-ups of single garments: where on the person each one is."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.types import CanonicalBody
from album2avatar.guidance.views import Frame

GARMENT_KINDS: tuple[AssetKind, ...] = (
    "top", "bottom", "dress", "outerwear", "shoes", "headwear", "glasses", "bag",
)  # fmt: skip
"""What is put on; skin, face and hair have framings of their own."""
MARGINS = (1.25, 1.35)
"""Smallest and largest frame, of the garment's longest side: what the personaliser cuts around an
asset, and a little less or more."""
SMALLEST_FRAME = 0.2
"""Metres; nearer, a rendering is only blur."""
OUTLIERS = 0.01
"""Share of points at each end of an axis that don't count; a few vertices are mislabelled."""
_BANDS: Mapping[AssetKind, tuple[float, float]] = {
    "top": (0.47, 0.85),
    "outerwear": (0.38, 0.87),
    "dress": (0.25, 0.85),
    "bottom": (0.04, 0.56),
    "bag": (0.4, 0.85),
}
"""Heights between which a garment hangs, as shares of the body's: crotch 0.47, knees 0.28, neck
0.86 on Anny's average adult."""
_TRUNK = 0.16
"""Half the width of what a frame around a garment shows of it, as a share of the body's height: a
sleeve is as long as the arm, and would make the frame one of the upper body."""
_PARTS: Mapping[AssetKind, tuple[str, ...]] = {
    "shoes": ("foot.L", "foot.R"),
    "headwear": ("head",),
    "glasses": ("face",),
}
"""Parts of the body that a small garment is on."""


def garment_frames(regions: Mapping[AssetKind, Tensor]) -> dict[AssetKind, Frame]:
    """A frame around each region that has points.

    Args:
        regions: (N, 3) metres, points on each garment.
    """
    frames: dict[AssetKind, Frame] = {}
    for kind, points in regions.items():
        if len(points) == 0:
            continue
        places = points.detach().cpu().double().numpy()
        low, high = np.quantile(places, [OUTLIERS, 1 - OUTLIERS], axis=0)
        side = float((high - low).max())
        heights = tuple(max(SMALLEST_FRAME, margin * side) for margin in MARGINS)
        frames[kind] = Frame((low + high) / 2, (heights[0], heights[1]), None, kind)
    return frames


def regions_of_body(body: CanonicalBody, kinds: Iterable[AssetKind]) -> dict[AssetKind, Tensor]:
    """Where on the bare body each garment is worn, (N, 3) points for each of the kinds that is one.

    For a surface that doesn't know its assets yet.
    """
    skin = body.parts["surface"]
    height = body.vertices[:, 2]
    low, high = height[skin].min(), height[skin].max()
    share = (height - low) / (high - low)
    aside = body.vertices[:, 0] - body.vertices[skin, 0].mean()
    trunk = skin & (aside.abs() <= _TRUNK * (high - low))
    regions: dict[AssetKind, Tensor] = {}
    for kind in sorted(set(kinds)):
        if kind in _BANDS:
            lowest, highest = _BANDS[kind]
            regions[kind] = body.vertices[trunk & (share >= lowest) & (share <= highest)]
        elif kind in _PARTS:
            masks = [body.parts[part] for part in _PARTS[kind]]
            regions[kind] = body.vertices[torch.stack(masks).any(0)]
    return regions


def regions_of_surface(
    vertices: Tensor, assets: Tensor, kinds: Iterable[AssetKind]
) -> dict[AssetKind, Tensor]:
    """Where each garment is on a surface that knows its assets; those of one kind together.

    Args:
        vertices: (V, 3) metres.
        assets: (V,) int64, the place of each vertex's asset in `kinds`.
    """
    ordered = list(kinds)
    regions: dict[AssetKind, Tensor] = {}
    for kind in GARMENT_KINDS:
        own = [place for place, other in enumerate(ordered) if other == kind]
        if own:
            regions[kind] = vertices[torch.isin(assets, torch.tensor(own, device=assets.device))]
    return regions
