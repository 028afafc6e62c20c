"""From the space around one body to that around another of the same template."""

import torch
from scipy.spatial import KDTree
from torch import Tensor

NEIGHBORS = 192
"""Template vertices that carry a point: enough that what lies between two legs hears both."""
REACH = 0.02
"""Metres over which displacements are averaged on the skin itself."""
REACH_GROWTH = 0.5
"""By how much that grows with each metre away from the skin, where cloth spans over shapes."""


def carry_points(points: Tensor, source: Tensor, target: Tensor) -> Tensor:
    """Move points with the body that they surround.

    Each point moves by the mean displacement of the template vertices around it, weighted by
    their distance; farther points hear more of the body.

    Args:
        points: (N, 3) metres, in the space of `source`.
        source, target: (V, 3) the same template vertices of both bodies in the canonical pose.

    Returns:
        (N, 3) metres.
    """
    count = min(NEIGHBORS, len(source))
    distance, nearest = KDTree(source.cpu().numpy()).query(points.cpu().numpy(), k=count)
    away = torch.from_numpy(distance).to(points)
    rows = torch.from_numpy(nearest).to(points.device)
    reach = REACH + REACH_GROWTH * away[:, :1]
    # Only how much farther than the nearest one matters: no weight vanishes far from the body.
    weights = torch.exp(-0.5 * ((away - away[:, :1]) / reach).square())
    weights = weights / weights.sum(1, keepdim=True)
    moved = (target - source)[rows]
    return points + (weights[..., None] * moved).sum(1)
