"""What one side of the person says about the other."""

from dataclasses import replace

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.projection.fusion import FusedTexels

SYMMETRIC = 0.07
"""Middle difference in sRGB of what both sides show, up to which an asset is symmetric."""
NEAR = 0.015
"""Metres from a mirrored texel within which its counterpart is looked for."""
TRUSTED = 0.5
"""Confidence from which a texel may speak for its counterpart."""
LEAST_PAIRS = 50
"""Texels that are seen on both sides; fewer prove no symmetry."""


def mirror_unseen(fused: FusedTexels) -> tuple[FusedTexels, Tensor]:
    """Give texels that no photo shows the colours of their counterparts, where that is likely.

    An asset is symmetric where the photos that show both of its sides agree; a logo on one side
    makes little difference to that, and is not copied where its counterpart is seen.

    Returns:
        The texels, whose confidence has grown; (N,) bool, those that were copied.
    """
    color, confidence = fused.color.clone(), fused.confidence.clone()
    copied = torch.zeros_like(confidence, dtype=torch.bool)
    for asset in fused.assets.unique().tolist():
        own = (fused.assets == asset).nonzero().squeeze(1)
        speakers = own[fused.confidence[own] >= TRUSTED]
        if len(speakers) == 0:
            continue
        partner, is_near = _partners(fused.points[own], fused.points[speakers])
        source = speakers[partner]
        both = is_near & (fused.confidence[own] >= TRUSTED)
        if int(both.sum()) < LEAST_PAIRS:
            continue
        away = (fused.color[own[both]] - fused.color[source[both]]).abs().mean(-1)
        if float(away.median()) > SYMMETRIC:
            continue
        says_more = is_near & (fused.confidence[source] > fused.confidence[own] + TRUSTED / 2)
        target, source = own[says_more], source[says_more]
        share = fused.confidence[target][:, None]
        color[target] = share * fused.color[target] + (1 - share) * fused.color[source]
        confidence[target] = fused.confidence[source]
        copied[target] = True
    return replace(fused, color=color, confidence=confidence), copied


def _partners(points: Tensor, speakers: Tensor) -> tuple[Tensor, Tensor]:
    """Nearest speaker (N,) to each point's mirror image, and whether it is near (N,) bool."""
    mirrored = points * torch.tensor([-1.0, 1.0, 1.0])
    tree = KDTree(speakers.numpy())
    distance, nearest = tree.query(mirrored.numpy(), distance_upper_bound=NEAR)
    is_near = np.isfinite(distance)
    return torch.from_numpy(np.where(is_near, nearest, 0)), torch.from_numpy(is_near)
