"""Between the surface and its texture."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.types import UvMap
from album2avatar.render.chart_texels import chart_texels, nearest_of_chart, with_lost_charts
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import Resolution


@dataclass(frozen=True)
class TexelMap:
    """Which point of the surface each texel shows. Row 0 at v = 0, the texture's bottom."""

    rast: Tensor
    """(1, H, W, 4) as `rasterize` gives it: weights of the face's corners, face index + 1."""
    chart: Tensor
    """(H, W) int64, the chart (as `face_pieces` numbers them) that the texel lies on, or beside so
    near that filtering reads it there; -1 farther away."""

    @property
    def covered(self) -> Tensor:
        """(H, W) bool, the texel lies on the surface."""
        return self.rast[0, ..., 3] > 0

    def read(self, attributes: Tensor, faces: Tensor) -> Tensor:
        """Vertex attributes at the covered texels, (N, C), in row order.

        Args:
            attributes: (V, C) of the mesh's vertices.
            faces: (F, 3) of the mesh.
        """
        return interpolate(attributes, self.rast, faces)[0][self.covered]

    def fill(self, values: Tensor) -> Tensor:
        """Texture (H, W, C) from values (N, C) at the covered texels.

        A texel beside a chart takes the value of that chart's nearest one, any other that of the
        nearest covered one, so that neither filtering nor mip maps find a border.
        """
        height, width = self.covered.shape
        texture = values.new_zeros(height, width, values.shape[1])
        texture[self.covered] = values
        nearest = ndimage.distance_transform_edt(
            ~self.covered.cpu().numpy(), return_distances=False, return_indices=True
        )
        row, column = torch.as_tensor(np.asarray(nearest), device=values.device).long()
        filled = texture[row, column]
        beside, own = nearest_of_chart(self.covered, self.chart)
        filled.view(-1, filled.shape[2])[beside] = texture.view(-1, filled.shape[2])[own]
        return filled


def map_texels(uv: UvMap, resolution: Resolution) -> TexelMap:
    """Find the surface point under each texel's centre.

    A chart that lies between the texels' centres gets the nearest texel that is free.

    Args:
        uv: without overlap.
        resolution: (height, width) of the texture.
    """
    piece = face_pieces(uv.faces)
    rast = _rasterized(uv, piece, resolution)
    return TexelMap(rast, chart_texels(rast, uv, piece))


def covered_texels(uv: UvMap, resolution: Resolution) -> Tensor:
    """`TexelMap.covered` alone, (H, W) bool: what is beside the charts takes longer to find."""
    return _rasterized(uv, face_pieces(uv.faces), resolution)[0, ..., 3] > 0


def _rasterized(uv: UvMap, piece: Tensor, resolution: Resolution) -> Tensor:
    flat = torch.zeros(1, uv.coordinates.shape[0], 4, device=uv.coordinates.device)
    flat[0, :, :2] = uv.coordinates * 2.0 - 1.0
    flat[0, :, 3] = 1.0
    return with_lost_charts(rasterize(flat, uv.faces, resolution), uv, piece)
