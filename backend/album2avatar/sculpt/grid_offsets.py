"""Offsets of a signed distance as a sum of grids, from coarse to fine."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows

LEVEL_SPACINGS: tuple[float, ...] = (0.16, 0.08, 0.04)
"""Metres between the nodes of the coarse grids: a skirt, a sleeve, a fold. Each halving keeps
the step of one level to what the one above can't say."""
LEVEL_RATES: tuple[float, ...] = (1.0, 0.5, 0.3, 0.12)
"""Share of the learning rate of each level, the lattice itself last."""


@dataclass(frozen=True)
class GridLevel:
    """Trilinear interpolation from the nodes of a cubic grid to places in space."""

    nodes: Tensor
    """(N, 8) int64, the nodes around each place."""
    shares: Tensor
    """(N, 8) float, rows sum to 1."""
    node_count: int

    def spread(self, values: Tensor) -> Tensor:
        """Values (G,) at the nodes to values (N,) at the places."""
        return (gather_rows(values, self.nodes) * self.shares).sum(dim=1)


def grid_level(points: Tensor, spacing: float) -> GridLevel:
    """Lay a grid over points (N, 3); only nodes that are used are numbered."""
    nodes, shares = grid_corners(points, spacing)
    extent = nodes.reshape(-1, 3).amax(dim=0) + 1
    keys = (nodes[..., 0] * extent[1] + nodes[..., 1]) * extent[2] + nodes[..., 2]
    unique, inverse = torch.unique(keys, return_inverse=True)
    return GridLevel(inverse, shares, len(unique))


def grid_corners(points: Tensor, spacing: float) -> tuple[Tensor, Tensor]:
    """Grid nodes (N, 8, 3) int64 around points (N, 3), and their shares (N, 8)."""
    scaled = (points - points.amin(dim=0)) / spacing
    base = scaled.floor()
    fraction = scaled - base
    corners = torch.cartesian_prod(*[torch.arange(2)] * 3).to(points.device)
    shares = torch.where(corners > 0, fraction[:, None], 1 - fraction[:, None]).prod(dim=2)
    return base.long()[:, None] + corners, shares


class GridOffsets:
    """A sum of grids of different spacing, the finest of them the places themselves.

    Gradients from a silhouette touch few places. On the coarse grids they move whole pieces of
    cloth; on the places alone they would tear single ones out.
    """

    def __init__(self, places: Tensor) -> None:
        self._levels = [grid_level(places, spacing) for spacing in LEVEL_SPACINGS]
        sizes = [level.node_count for level in self._levels] + [len(places)]
        self.parameters = [
            torch.zeros(size, device=places.device, requires_grad=True) for size in sizes
        ]
        self.rates = LEVEL_RATES

    def offsets(self) -> Tensor:
        """(N,) metres."""
        coarse = [
            level.spread(values)
            for level, values in zip(self._levels, self.parameters[:-1], strict=True)
        ]
        return torch.stack([*coarse, self.parameters[-1]]).sum(dim=0)
