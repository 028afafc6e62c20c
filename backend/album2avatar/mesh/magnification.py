"""Radial maps of space that enlarge small places, so that a uniform lattice is finer there."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_REACH = 4.0
"""The map is the identity beyond this many radii. Closer, and space would be squeezed to less
than two thirds between the enlarged ball and the rest, and the lattice be coarser there."""


@dataclass(frozen=True)
class Magnifier:
    """Enlarges a ball; further out the map fades to the identity, and never folds."""

    centre: Tensor
    """(3,) metres."""
    radius: float
    """Metres."""
    factor: float
    """At least 1 and below `_REACH`."""


def magnify(points: Tensor, magnifiers: Sequence[Magnifier]) -> Tensor:
    """Map real space to enlarged space, one magnifier after the other.

    Args:
        points: (N, 3) metres.
        magnifiers: whose reach (four radii) should not hold another's centre.

    Returns:
        (N, 3).
    """
    for magnifier in magnifiers:
        knots = _knots(magnifier)
        points = _move_radially(points, magnifier.centre, knots[0], knots[1])
    return points


def demagnify(points: Tensor, magnifiers: Sequence[Magnifier]) -> Tensor:
    """Undo `magnify`."""
    for magnifier in reversed(magnifiers):
        knots = _knots(magnifier)
        points = _move_radially(points, magnifier.centre, knots[1], knots[0])
    return points


def _knots(magnifier: Magnifier) -> tuple[tuple[float, float], tuple[float, float]]:
    """Real and enlarged radii at which the piecewise linear map bends."""
    reach = _REACH * magnifier.radius
    return (magnifier.radius, reach), (magnifier.radius * magnifier.factor, reach)


def _move_radially(
    points: Tensor, centre: Tensor, source: tuple[float, float], target: tuple[float, float]
) -> Tensor:
    offset = points - centre
    radius = torch.linalg.vector_norm(offset, dim=1, keepdim=True)
    slope = (target[1] - target[0]) / (source[1] - source[0])
    between = target[0] + (radius - source[0]) * slope
    moved = torch.where(radius < source[0], radius * (target[0] / source[0]), between)
    moved = torch.where(radius < source[1], moved, radius)
    return centre + offset * (moved / radius.clamp(min=1e-12))
