"""What is unknown in a picture, filled smoothly from what is known."""

import torch
from torch import Tensor
from torch.nn import functional as F


def fill_smoothly(colors: Tensor, known: Tensor) -> Tensor:
    """Fill a picture from coarse to fine; what is known stays as it is.

    Args:
        colors: (H, W, C).
        known: (H, W) 0..1, how far each pixel is known.

    Returns:
        (H, W, C); 0 where nothing is known at all.

    Source: Gortler et al. 1996, "The lumigraph", section 3.4, pull and push.
    """
    weight = known[None, None].to(colors)
    filled = _pull_push(colors.permute(2, 0, 1)[None] * weight, weight)
    filled = filled[0].permute(1, 2, 0)
    return torch.lerp(filled, colors, known[..., None].to(colors))


def _pull_push(weighted: Tensor, weight: Tensor) -> Tensor:
    """Means of (1, C, H, W), known to (1, 1, H, W), with what is missing from coarser means."""
    height, width = weight.shape[-2:]
    own = weighted / weight.clamp(min=1e-6)
    if min(height, width) <= 1 or bool((weight > 0.999).all()):
        return own
    padding = (0, width % 2, 0, height % 2)
    sums = 4 * F.avg_pool2d(F.pad(torch.cat([weighted, weight], 1), padding), 2)
    total = sums[:, -1:]
    # Several pixels together are known as well as one at most.
    scale = 1 / total.clamp(min=1.0)
    coarse = _pull_push(sums[:, :-1] * scale, total * scale)
    beyond = F.interpolate(coarse, scale_factor=2.0, mode="bilinear", align_corners=False)
    return torch.lerp(beyond[..., :height, :width], own, weight.clamp(max=1.0))
