"""The signed distance that is sculpted: the body's, plus offsets from coarse to fine."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows
from album2avatar.sculpt.band import Band

LEVEL_SPACINGS: tuple[float, ...] = (0.16, 0.08, 0.04)
"""Metres between the nodes of the coarse grids: a skirt, a sleeve, a fold. Each halving keeps
the step of one level to what the one above can't say."""
LEVEL_RATES: tuple[float, ...] = (1.0, 0.5, 0.3, 0.12)
"""Share of the learning rate of each level, the lattice itself last."""

DESCRIBED_SHARE = 0.2
"""Lattice edges by which the surface may sink into described cloth. A brim is half an edge thick on
either side: with more than this a few noisy steps would end it, and it never grows again."""


@dataclass(frozen=True)
class GridLevel:
    """Trilinear interpolation from the nodes of a cubic grid to the lattice vertices."""

    nodes: Tensor
    """(N, 8) int64, the nodes around each lattice vertex."""
    shares: Tensor
    """(N, 8) float, rows sum to 1."""
    node_count: int

    def spread(self, values: Tensor) -> Tensor:
        """Values (G,) at the nodes to values (N,) at the lattice vertices."""
        return (gather_rows(values, self.nodes) * self.shares).sum(dim=1)


def grid_level(points: Tensor, spacing: float) -> GridLevel:
    """Lay a grid over points (N, 3); only nodes that are used are numbered."""
    scaled = (points - points.amin(dim=0)) / spacing
    base = scaled.floor()
    fraction = scaled - base
    corners = torch.cartesian_prod(*[torch.arange(2)] * 3).to(points.device)
    extent = base.amax(dim=0).long() + 2
    nodes = base.long()[:, None] + corners
    keys = (nodes[..., 0] * extent[1] + nodes[..., 1]) * extent[2] + nodes[..., 2]
    unique, inverse = torch.unique(keys, return_inverse=True)
    shares = torch.where(corners > 0, fraction[:, None], 1 - fraction[:, None]).prod(dim=2)
    return GridLevel(inverse, shares, len(unique))


class OffsetField:
    """Offsets of the signed distance, as a sum of grids of different spacing.

    Gradients from a silhouette touch few lattice vertices. On the coarse grids they move
    whole pieces of cloth; on the lattice alone they would tear single vertices out.
    """

    def __init__(self, band: Band, first: Tensor) -> None:
        """
        Args:
            first: (N,) metres, the offsets at the start.
        """
        vertices = band.lattice.vertices
        self._band = band
        self._first = first
        self._levels = [grid_level(vertices, spacing) for spacing in LEVEL_SPACINGS]
        sizes = [level.node_count for level in self._levels] + [len(vertices)]
        self.parameters = [
            torch.zeros(size, device=vertices.device, requires_grad=True) for size in sizes
        ]

    def offsets(self) -> Tensor:
        """(N,) metres added to the body's distance; negative moves the surface outwards."""
        coarse = [
            level.spread(values)
            for level, values in zip(self._levels, self.parameters[:-1], strict=True)
        ]
        whole = torch.stack([self._first, *coarse, self.parameters[-1]]).sum(dim=0)
        return self._band.freedom * whole

    def signed_distance(self, offsets: Tensor) -> Tensor:
        """(N,) metres; on the band's rim always the body's, so that nothing is cut open, and
        elsewhere not much deeper than in what words describe."""
        band = self._band
        distance = band.body_distance + torch.where(band.fixed, 0.0, offsets)
        deepest = band.described + DESCRIBED_SHARE * band.spacing
        return torch.where(band.fixed, distance, torch.minimum(distance, deepest))
