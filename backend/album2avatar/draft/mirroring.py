"""The other side of the body: where something is on it, and what it may lend to this side."""

from dataclasses import dataclass

import torch
from scipy.spatial import KDTree
from torch import Tensor

SAME_VERTEX = 0.01
"""Metres from a vertex's mirror image within which another vertex is its twin; the templates are
symmetric to a millimetre or two."""
SAME_TEXEL = 0.008
"""Metres within which a texel lends its colour: two or three texels."""
AGREEMENT = 0.1
"""Distance in sRGB up to which two sides are the same: half of what is seen on both is nearer."""
COMPARED = 5_000
"""Texels of an asset that are compared, evenly strewn."""
SURE = 0.5
"""Confidence from which a colour is compared."""


@dataclass(frozen=True)
class MirroredColors:
    """What the other side lends to N texels."""

    color: Tensor
    """(N, 3) sRGB; meaningless where the confidence is 0."""
    confidence: Tensor
    """(N,) 0..1, that of the texel on the other side."""


def mirror_vertices(vertices: Tensor) -> Tensor:
    """The vertex on the other side of a symmetric body at rest, (V,) int64; -1 without one.

    Args:
        vertices: (V, 3) of the body itself, not of what is worn on it.
    """
    points = vertices.numpy()
    away, twin = KDTree(points).query(_reflected(vertices).numpy())
    return torch.where(torch.from_numpy(away) < SAME_VERTEX, torch.from_numpy(twin), -1)


def mirror_colors(
    points: Tensor, assets: Tensor, color: Tensor, confidence: Tensor
) -> MirroredColors:
    """What is to be seen on the other side, for assets whose two sides agree.

    An asset of which nothing is seen on both sides is taken to be the same on both.

    Args:
        points: (N, 3) where the texels are on the symmetric body in its rest pose.
        assets: (N,) int64; colours go from an asset to itself alone.
        color: (N, 3) sRGB.
        confidence: (N,) 0..1; 0 where nothing is known.
    """
    lent, trust = torch.zeros_like(color), torch.zeros_like(confidence)
    for asset in assets.unique().tolist():
        rows = (assets == asset).nonzero().squeeze(1)
        known = rows[confidence[rows] > 0]
        if len(known) == 0:
            continue
        tree = KDTree(points[known].numpy())
        if not _sides_agree(tree, points[known], color[known], confidence[known]):
            continue
        wanted = rows[confidence[rows] < 1]
        source, found = _twins(tree, points[wanted])
        lent[wanted[found]] = color[known[source]]
        trust[wanted[found]] = confidence[known[source]]
    return MirroredColors(lent, trust)


def _sides_agree(tree: KDTree, points: Tensor, color: Tensor, confidence: Tensor) -> bool:
    compared = torch.arange(0, len(points), max(1, len(points) // COMPARED))
    source, found = _twins(tree, points[compared])
    here = compared[found]
    sure = (confidence[here] > SURE) & (confidence[source] > SURE)
    if not bool(sure.any()):
        return True
    away = (color[here[sure]] - color[source[sure]]).norm(dim=-1)
    return float(away.median()) < AGREEMENT


def _twins(tree: KDTree, points: Tensor) -> tuple[Tensor, Tensor]:
    """Rows of the tree (M,) that are the twins of those points (N,) bool that have one."""
    away, twin = tree.query(_reflected(points).numpy(), distance_upper_bound=SAME_TEXEL)
    found = torch.from_numpy(away).isfinite()
    return torch.from_numpy(twin)[found], found


def _reflected(points: Tensor) -> Tensor:
    return points * points.new_tensor([-1.0, 1.0, 1.0])
