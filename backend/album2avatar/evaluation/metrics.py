"""Distances between colours, silhouettes and surfaces."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import KDTree

Floats = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

_XYZ_FROM_LINEAR = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
"""sRGB primaries, IEC 61966-2-1."""
_WHITE_D65 = np.array([0.95047, 1.0, 1.08883])


def srgb_to_lab(srgb: Floats) -> Floats:
    """CIELAB (D65) of sRGB values 0..1, (..., 3). Source: CIE 15:2004 and IEC 61966-2-1."""
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _XYZ_FROM_LINEAR.T / _WHITE_D65
    epsilon, kappa = 216 / 24389, 24389 / 27
    bent = np.where(ratio > epsilon, np.cbrt(ratio), (kappa * ratio + 16) / 116)
    x, y, z = bent[..., 0], bent[..., 1], bent[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def color_difference(first: Floats, second: Floats) -> Floats:
    """ΔE*ab (CIE 1976): distance in CIELAB of sRGB values 0..1, (..., 3) to (...)."""
    return np.linalg.norm(srgb_to_lab(first) - srgb_to_lab(second), axis=-1)


def intersection_over_union(first: Mask, second: Mask) -> float:
    """Overlap of two silhouettes; 1 where both are empty."""
    union = np.count_nonzero(first | second)
    return float(np.count_nonzero(first & second) / union) if union else 1.0


def chamfer_distance(first: Floats, second: Floats) -> float:
    """Mean of the two mean distances from each point to the other set, (N, 3) and (M, 3)."""
    forth = KDTree(second).query(first)[0]
    back = KDTree(first).query(second)[0]
    return float(forth.mean() + back.mean()) / 2


@dataclass(frozen=True)
class Similarity:
    """Scale and shift, without rotation."""

    scale: float
    shift: Floats
    """(3,) metres, after scaling."""

    def apply(self, points: Floats) -> Floats:
        """Move (N, 3) points."""
        return points * self.scale + self.shift


def align(points: Floats, target: Floats, iterations: int = 20) -> Similarity:
    """Find the scale and shift that lay one surface on another.

    Starts from the heights' ratio and the boxes' centres, then matches nearest points both
    ways and solves for scale and shift, again and again. No rotation: both surfaces stand
    in the canonical pose.

    Args:
        points, target: (N, 3) and (M, 3), spread evenly over the surfaces.
    """
    low, high = points.min(0), points.max(0)
    target_low, target_high = target.min(0), target.max(0)
    scale = float((target_high - target_low)[2] / (high - low)[2])
    found = Similarity(scale, (target_low + target_high) / 2 - scale * (low + high) / 2)
    tree = KDTree(target)
    for _ in range(iterations):
        moved = found.apply(points)
        there = tree.query(moved)[1]
        back = KDTree(moved).query(target)[1]
        source = np.concatenate([points, points[back]])
        goal = np.concatenate([target[there], target])
        found = _solve(source, goal)
    return found


def _solve(source: Floats, goal: Floats) -> Similarity:
    """Least squares of |scale · source + shift − goal|."""
    source_mean, goal_mean = source.mean(0), goal.mean(0)
    centered = source - source_mean
    scale = float((centered * (goal - goal_mean)).sum() / (centered**2).sum())
    return Similarity(scale, goal_mean - scale * source_mean)
