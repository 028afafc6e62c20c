"""The album's photos at the size at which they are compared."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.projection.observations import MaskedPhoto

EDGE_PIXELS = 1
"""Pixels on either side of an outline whose colour is a mix and is not compared."""


@dataclass(frozen=True)
class PhotoPicture:
    """One photo, small. Row 0 at the top."""

    color: Tensor
    """(H, W, 3) sRGB 0..1."""
    shares: Tensor
    """(H, W, K + 1): share of the pixel that background and each asset cover; sums to 1."""
    inner: Tensor
    """(H, W) 1.0 where one asset alone is within EDGE_PIXELS, else 0.0."""

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.inner.shape[0], self.inner.shape[1]


def shrink_photo(photo: MaskedPhoto, asset_count: int, height: int) -> PhotoPicture:
    """Scale a photo to `height` rows by the mean over areas."""
    rows, columns = photo.mask.shape
    width = max(1, round(height * columns / rows))
    kinds = F.one_hot(photo.mask, asset_count + 1).to(photo.image.dtype)
    layers = torch.cat([photo.image, kinds], -1).permute(2, 0, 1)[None]
    small = F.interpolate(layers, (height, width), mode="area")[0].permute(1, 2, 0)
    shares = small[..., 3:]
    whole = (shares[..., 1:].amax(-1) > 0.999).to(small.dtype)
    window = 2 * EDGE_PIXELS + 1
    inner = 1 - F.max_pool2d(1 - whole[None, None], window, 1, EDGE_PIXELS)[0, 0]
    return PhotoPicture(small[..., :3].contiguous(), shares.contiguous(), inner)
