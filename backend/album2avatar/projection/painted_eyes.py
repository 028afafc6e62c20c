"""Eyes in photos, which no skin should show: an avatar's eyes are pieces of their own.

A face is fitted to a few millimetres, an eye is as high as ten: what photos show of it falls on
lids and cheeks as well, and would stay there as a second pair.
"""

from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.projection.fusion import FusedTexels
from album2avatar.projection.light import LEAST_COLOR
from album2avatar.projection.medians import weighted_median

WIDTH, HEIGHT = 0.42, 0.32
"""Half axes of the region in which a photo's eye may have fallen, as shares of the distance between
the eyes: 26 and 20 mm of 63. Brows begin above it."""
RING = 1.6
"""Half axes of the skin around it, as multiples."""
OTHER_COLOR = 0.3
"""Difference of logarithms from that skin at which a colour is half believed to be skin's; shade
in the sockets is less."""


def without_painted_eyes(fused: FusedTexels, points: Tensor, eyes: Tensor) -> FusedTexels:
    """Trust no photo where it shows something beside the eyes that is no skin.

    Args:
        points: (N, 3) metres, canonical places of the texels; the person faces -Y.
        eyes: (2, 3) the eyeballs' middles.

    Returns:
        The same with less confidence there. Hair and glasses, which have other assets, stay.
    """
    apart = (eyes[0] - eyes[1]).norm()
    logs = fused.color.clamp(min=LEAST_COLOR).log()
    confidence = fused.confidence.clone()
    for eye in eyes:
        across, depth, up = ((points - eye) / apart).unbind(1)
        around = ((across / WIDTH).square() + (up / HEIGHT).square()).sqrt()
        around = torch.where(depth.abs() < WIDTH, around, torch.inf)
        near = around < 1
        if not bool(near.any()):
            continue
        own = fused.assets == fused.assets[near].mode().values
        ring = own & (around >= 1) & (around < RING) & (fused.confidence > 0)
        if not bool(ring.any()):
            continue
        skin = weighted_median(logs[ring, None], fused.confidence[ring, None])[0]
        away = (logs[near & own] - skin).square().mean(1).sqrt()
        confidence[near & own] *= 1 / (1 + (away / OTHER_COLOR) ** 4)
    return replace(fused, confidence=confidence)
