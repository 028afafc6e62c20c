"""One colour for each texel from all photos that show it."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.projection.light import brightness
from album2avatar.projection.medians import weighted_median
from album2avatar.projection.texel_views import TexelView

AGREEMENT = 0.12
"""Distance in sRGB from the photos' middle colour at which a photo loses most of its say."""
SHARPNESS = 3.0
"""Power of a photo's weight: the photo that shows a texel best decides, neighbours agree."""
LEAST_OTHERS = 0.02
"""Weight of all other photos, against the best one's, below which they say nothing."""
HALF_TRUSTED = 0.1
"""Weight, against a texel's usual one, at which photos decide half of its colour."""


@dataclass(frozen=True)
class BlendedTexels:
    """What all photos together show of N texels."""

    color: Tensor
    """(N, 3) sRGB albedo 0..1; 0 where no photo shows the texel."""
    confidence: Tensor
    """(N,) 0..1, how far it is to be believed: falls to 0 towards the border of what is seen."""


def blend_views(views: Sequence[TexelView], lights: Tensor) -> BlendedTexels:
    """Put the photos together, each without its light; where several show a texel, the one that
    shows it best decides.

    Args:
        views: P photos at the same N texels.
        lights: (P, 9, 3), see `projection.light`.
    """
    colors, weights, agreement = _unlit(views, lights)
    best = weights.amax(0).clamp(min=1e-12)
    say = (weights / best).pow(SHARPNESS) * agreement
    color = (say[..., None] * colors).sum(0) / say.sum(0).clamp(min=1e-9)[:, None]
    total = weights.sum(0)
    seen = total > 0
    usual = total[seen].median() if bool(seen.any()) else total.new_ones(())
    return BlendedTexels(color, total / (total + HALF_TRUSTED * usual).clamp(min=1e-12))


def others_colors(views: Sequence[TexelView], lights: Tensor) -> tuple[Tensor, Tensor]:
    """What all other photos show, for each photo: a photo always agrees with itself, wherever the
    person stands in it.

    Returns:
        (P, N, 3) sRGB albedo, and (P, N) 1.0 where another photo shows the texel, or 0.0.
    """
    colors, weights, agreement = _unlit(views, lights)
    say = weights * agreement
    others = say.sum(0) - say
    summed = (say[..., None] * colors).sum(0) - say[..., None] * colors
    known = others > LEAST_OTHERS * weights.amax(0).clamp(min=1e-12)
    mean = summed / others.clamp(min=1e-12)[..., None]
    return torch.where(known[..., None], mean, 0.0).clamp(0, 1), known.to(mean.dtype)


def _unlit(views: Sequence[TexelView], lights: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(P, N, 3) colours without light, (P, N) weights, (P, N) 0..1 agreement with the middle."""
    colors = torch.stack(
        [
            (view.color / brightness(view.normal, light)).clamp(0, 1)
            for view, light in zip(views, lights, strict=True)
        ]
    )
    weights = torch.stack([view.weight for view in views])
    away = (colors - weighted_median(colors, weights)).square().sum(-1)
    return colors, weights, torch.exp(-away / AGREEMENT**2)
