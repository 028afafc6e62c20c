"""From rasterizer rows to images."""

from torch import Tensor
from torch.nn import functional as F


def to_image(rows: Tensor) -> Tensor:
    """Turn (B, H, W, C) upside down: row 0 at the bottom becomes row 0 at the top, or back."""
    return rows.flip(1)


def area_downsample(images: Tensor, factor: int) -> Tensor:
    """Mean over squares of pixels.

    Args:
        images: (B, H, W, C), H and W multiples of `factor`.

    Returns:
        (B, H / factor, W / factor, C).
    """
    if factor == 1:
        return images
    return F.avg_pool2d(images.permute(0, 3, 1, 2), factor).permute(0, 2, 3, 1)
