"""Between the surface and its texture."""

from dataclasses import dataclass

import torch
from scipy import ndimage
from torch import Tensor

from album2avatar.mesh.types import UvMap
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import Resolution


@dataclass(frozen=True)
class TexelMap:
    """Which point of the surface each texel shows. Row 0 at v = 0, the texture's bottom."""

    rast: Tensor
    """(1, H, W, 4) as `rasterize` gives it: weights of the face's corners, face index + 1."""

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

        Every other texel takes the value of the nearest covered one, so that neither
        filtering nor mip maps find a border.
        """
        height, width = self.covered.shape
        texture = values.new_zeros(height, width, values.shape[1])
        texture[self.covered] = values
        nearest = ndimage.distance_transform_edt(
            ~self.covered.cpu().numpy(), return_distances=False, return_indices=True
        )
        row, column = torch.as_tensor(nearest, device=values.device).long()
        return texture[row, column]


def map_texels(uv: UvMap, resolution: Resolution) -> TexelMap:
    """Find the surface point under each texel's centre.

    Args:
        uv: without overlap.
        resolution: (height, width) of the texture.
    """
    flat = torch.zeros(1, uv.coordinates.shape[0], 4, device=uv.coordinates.device)
    flat[0, :, :2] = uv.coordinates * 2.0 - 1.0
    flat[0, :, 3] = 1.0
    return TexelMap(rasterize(flat, uv.faces, resolution))
