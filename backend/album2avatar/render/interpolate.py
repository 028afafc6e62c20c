"""Interpolation of vertex attributes over what was rasterized."""

from torch import Tensor

from album2avatar.mesh.gather import gather_rows


def interpolate(attributes: Tensor, rast: Tensor, tri: Tensor) -> Tensor:
    """Perspective-correct attribute values at the pixels.

    Args:
        attributes: (V, C) shared by all pictures, or (B, V, C).
        rast: (B, H, W, 4) from `rasterize`.
        tri: (F, 3) int, of the faces that were rasterized; may index another table than
            their positions, for example texture coordinates with seams.

    Returns:
        (B, H, W, C), zero where there is no surface; differentiable in `attributes` and in
        the barycentrics of `rast`.
    """
    batch, height, width, _ = rast.shape
    flat = rast.reshape(-1, 4)
    pixel = (flat[:, 3] > 0).nonzero().squeeze(1)
    seen = gather_rows(flat, pixel)
    corners = tri.long()[seen[:, 3].long() - 1]
    if attributes.ndim == 3:
        picture = pixel // (height * width)
        corners = corners + (picture * attributes.shape[1])[:, None]
    values = gather_rows(attributes.reshape(-1, attributes.shape[-1]), corners)
    u, v = seen[:, 0:1], seen[:, 1:2]
    mixed = u * values[:, 0] + v * values[:, 1] + (1.0 - u - v) * values[:, 2]
    picture_values = mixed.new_zeros(flat.shape[0], mixed.shape[1]).index_copy(0, pixel, mixed)
    return picture_values.view(batch, height, width, -1)
