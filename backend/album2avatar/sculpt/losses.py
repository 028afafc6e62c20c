"""What the sculpted surface is held to."""

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.gather import gather_rows
from album2avatar.sculpt.band import Band

PYRAMID_LEVELS = 4
"""Silhouettes are compared at full size and at a half, a quarter and an eighth of it."""
NEAR_BODY = 0.05
"""Metres from the body within which a lattice vertex speaks for the body's surface."""


def silhouette_loss(coverage: Tensor, mask: Tensor, coarse_share: float) -> Tensor:
    """Mean absolute difference of two silhouettes, over a pyramid.

    The absolute difference, not its square: where photos disagree because a pose was fitted
    wrongly, the majority decides.

    Args:
        coverage: (H, W) in 0..1, differentiable.
        mask: (H, W) in 0..1.
        coarse_share: 0..1, weight of the coarse levels against the finest. They see an
            outline that is still far away.
    """
    difference = (coverage - mask)[None, None]
    loss = difference.abs().mean()
    for level in range(1, PYRAMID_LEVELS):
        pooled = F.avg_pool2d(difference, 2**level, ceil_mode=True)
        loss = loss + coarse_share * pooled.abs().mean()
    return loss


def smoothness_loss(offsets: Tensor, band: Band) -> Tensor:
    """Mean squared bend of the offsets over the lattice; without unit.

    Bends, not slopes, are held back: a skirt stands off the legs by as much as it is wide.
    """
    ends = band.edges.vertices
    start, end = ends[:, 0], ends[:, 1]
    step = gather_rows(offsets, end) - gather_rows(offsets, start)
    summed = torch.zeros_like(offsets).index_add(0, start, step).index_add(0, end, -step)
    bend = summed / (band.neighbor_count * band.spacing)
    return (~band.fixed * bend.square()).mean()


def template_loss(offsets: Tensor, band: Band) -> Tensor:
    """Mean squared offset near the body, where the template is to be kept; square metres."""
    held = (1 - band.freedom) * (band.body_distance.abs() < NEAR_BODY)
    return (held * offsets.square()).mean()


def inward_loss(offsets: Tensor, band: Band, allowance: float) -> Tensor:
    """Mean square of how far the surface lies deeper than allowed in the body, or in what covers
    it at least; square metres."""
    near = band.body_distance.abs() < NEAR_BODY
    return (near * (offsets + band.cover - allowance).clamp(min=0).square()).mean()
