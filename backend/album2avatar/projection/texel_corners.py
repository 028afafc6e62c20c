"""From texels to the vertices around them."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.render.baking import TexelMap


@dataclass(frozen=True)
class TexelCorners:
    """The three vertices around each of N texels."""

    vertices: Tensor
    """(N, 3) int64."""
    shares: Tensor
    """(N, 3) how near the texel is to each, 0..1; 0 where the vertex is another asset's."""
    count: int
    """Of all vertices."""

    @staticmethod
    def of(
        texels: TexelMap, faces: Tensor, vertex_assets: Tensor, assets: Tensor
    ) -> "TexelCorners":
        """
        Args:
            faces: (F, 3) of the surface.
            vertex_assets: (V,) int64.
            assets: (N,) int64 of the covered texels.
        """
        rast = texels.rast[0][texels.covered]
        vertices = faces[rast[:, 3].long() - 1]
        shares = torch.stack([rast[:, 0], rast[:, 1], 1 - rast[:, 0] - rast[:, 1]], 1)
        own = vertex_assets[vertices] == assets[:, None]
        return TexelCorners(vertices, shares * own, len(vertex_assets))

    def gather(self, values: Tensor) -> Tensor:
        """Sums of the texels' values (N, C) at the vertices, (V, C)."""
        summed = values.new_zeros(self.count, values.shape[1])
        for corner in range(3):
            heard = self.shares[:, corner, None] * values
            summed = summed.index_add(0, self.vertices[:, corner], heard)
        return summed
