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
class UnlitViews:
    """P photos at N texels, each without its light."""

    colors: Tensor
    """(P, N, 3) sRGB albedo 0..1."""
    weights: Tensor
    """(P, N) how much a photo is to be believed, see `texel_views.TexelView`."""
    agreement: Tensor
    """(P, N) 0..1, how near its colour is to that of most."""


@dataclass(frozen=True)
class BlendedTexels:
    """What all photos together show of N texels."""

    color: Tensor
    """(N, 3) sRGB albedo 0..1; 0 where no photo shows the texel."""
    confidence: Tensor
    """(N,) 0..1, how far it is to be believed: falls to 0 towards the border of what is seen."""


def unlit_views(views: Sequence[TexelView], lights: Tensor) -> UnlitViews:
    """Take the lights (P, 9, 3) out of P photos, see `projection.light`."""
    colors = torch.stack(
        [
            (view.color / brightness(view.normal, light)).clamp(0, 1)
            for view, light in zip(views, lights, strict=True)
        ]
    )
    weights = torch.stack([view.weight for view in views])
    away = (colors - weighted_median(colors, weights)).square().sum(-1)
    return UnlitViews(colors, weights, torch.exp(-away / AGREEMENT**2))


def blend_views(seen: UnlitViews) -> BlendedTexels:
    """Put the photos together; where several show a texel, the one that shows it best decides."""
    best = seen.weights.amax(0).clamp(min=1e-12)
    say = (seen.weights / best).pow(SHARPNESS) * seen.agreement
    color = (say[..., None] * seen.colors).sum(0) / say.sum(0).clamp(min=1e-9)[:, None]
    total = seen.weights.sum(0)
    shown = total > 0
    usual = total[shown].median() if bool(shown.any()) else total.new_ones(())
    return BlendedTexels(color, total / (total + HALF_TRUSTED * usual).clamp(min=1e-12))


def others_colors(seen: UnlitViews) -> tuple[Tensor, Tensor]:
    """What all other photos show, for each photo: a photo always agrees with itself, wherever the
    person stands in it.

    Returns:
        (P, N, 3) sRGB albedo, and (P, N) 1.0 where another photo shows the texel, or 0.0.
    """
    say = seen.weights * seen.agreement
    others = say.sum(0) - say
    summed = (say[..., None] * seen.colors).sum(0) - say[..., None] * seen.colors
    known = others > LEAST_OTHERS * seen.weights.amax(0).clamp(min=1e-12)
    mean = summed / others.clamp(min=1e-12)[..., None]
    return torch.where(known[..., None], mean, 0.0).clamp(0, 1), known.to(mean.dtype)
