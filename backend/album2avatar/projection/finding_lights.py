"""The lights of all photos, told apart from the colours that they fall on.

The logarithm of a pixel is colour plus light. Two things are known of colours: a place has the same
one in every photo, and most places of an asset have the same one. The first alone leaves open what
photos from few sides share, and is blind to a place that is seen at a slant in all of them; the
second is the usual assumption of intrinsic images (Gehler et al. 2011, "Recovering intrinsic images
with a global sparsity prior on reflectance"), which robust weights keep from taking patterns for
light, and which says less of an asset the more its colours vary.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.projection.light import (
    HARMONICS,
    LEAST_COLOR,
    MEAN_BRIGHTNESS,
    even_light,
    light_basis,
)
from album2avatar.projection.medians import weighted_median

LIKENESS = 0.03
"""How strongly lights are alike as their cameras see them: lamps that conspire to follow the
person would pass for a colour that the front has and the back has not."""
EVEN_PHOTOS = 3
"""So many photos under even light count too: a single photo is not like itself alone."""
OTHER_THING = 0.25
"""Difference of logarithms beyond which a photo shows something else than the others."""
OTHER_COLOR = 0.25
"""Difference of logarithms from an asset's colour beyond which a place has another one."""
VARIED = 0.15
"""Usual difference from an asset's colour beyond which the asset has none, but many."""
ROUNDS = 6
"""Solutions, each with less weight on what did not fit the one before."""


@dataclass(frozen=True)
class ShownPlaces:
    """P photos of the same N places."""

    colors: Sequence[Tensor]
    """(N, 3) sRGB of each photo."""
    normals: Sequence[Tensor]
    """(N, 3) unit, in its camera's frame."""
    weights: Sequence[Tensor]
    """(N,) how much it is to be believed; 0 where it doesn't show the place."""
    assets: Tensor
    """(N,) int64."""


def estimate_lights(shown: ShownPlaces) -> Tensor:
    """Find every photo's light: (P, 9, 3), see `light.brightness`.

    Least squares of log(photo) = log(colour) + log(light), in which each place has a colour of its
    own, and of the same in which each asset has. How bright all photos together are is nobody's
    knowledge; what they show has `MEAN_BRIGHTNESS` in the mean.
    """
    basis = torch.stack([light_basis(normal) for normal in shown.normals]).double()
    colors = torch.stack(list(shown.colors)).double().clamp(min=LEAST_COLOR)
    weights = torch.stack(list(shown.weights)).double()
    # What is seen at a slant tells most of the light, hence the root. A dark colour's logarithm is
    # as uncertain as the colour is small.
    trust = weights.sqrt() * colors.mean(-1).square()
    trust = trust / trust.mean().clamp(min=1e-30)
    target = colors.log()
    places = torch.arange(len(shown.assets), device=trust.device)
    lights = even_light(target).expand(len(target), -1, -1)
    heard = trust
    say: Tensor | None = None
    for _ in range(ROUNDS):
        without = target - basis @ lights
        middle = (heard[..., None] * without).sum(0) / heard.sum(0).clamp(min=1e-12)[:, None]
        heard = trust / (1 + (without - middle).square().mean(-1) / OTHER_THING**2)
        usual, uniform = _usual_colors(middle, trust.sum(0), shown.assets)
        # As it looks under even light: later ones could explain a form's paint away.
        say = uniform if say is None else say
        away = (without - usual).square().mean(-1)
        alike = say * trust / (1 + away / OTHER_COLOR**2).square()
        own = _equations(basis, target, heard, places)
        shared = _equations(basis, target, alike, shown.assets)
        lights = _solve(own[0] + shared[0], own[1] + shared[1], (heard + alike).sum(1), lights)
    return (lights + _level(basis @ lights, weights)).to(shown.colors[0])


def _level(said: Tensor, weights: Tensor) -> Tensor:
    """What brings logarithms (P, N, 3) of brightness to their usual mean, as a light (9, 1)."""
    mean = (weights[..., None] * said).sum((0, 1)).mean() / weights.sum().clamp(min=1e-30)
    level = said.new_zeros(HARMONICS, 1)
    level[0] = math.log(MEAN_BRIGHTNESS) - mean
    return level


def _usual_colors(colors: Tensor, trust: Tensor, assets: Tensor) -> tuple[Tensor, Tensor]:
    """Middle colour of each place's asset, (N, 3), and (N,) 0..1 how much of it has that colour."""
    usual, say = torch.zeros_like(colors), torch.zeros_like(trust)
    for asset in assets.unique():
        own = assets == asset
        heard = trust[own, None]
        usual[own] = weighted_median(colors[own, None], heard)
        away = (colors[own] - usual[own]).square().mean(-1).sqrt()
        varied = weighted_median(away[:, None, None], heard)
        say[own] = (1 + (varied[0, 0] / VARIED) ** 4) ** -3
    return usual, say


def _equations(
    basis: Tensor, target: Tensor, weights: Tensor, groups: Tensor
) -> tuple[Tensor, Tensor]:
    """Both sides of the lights' linear system, (9 P, 9 P) and (9 P, 3).

    The colour that each group of places has is eliminated.

    Args:
        basis: (P, N, 9).
        target: (P, N, 3) logarithms of the photos' colours.
        weights: (P, N).
        groups: (N,) int64, from 0.
    """
    photos, count, size = basis.shape
    lit = weights[..., None] * basis
    columns = lit.permute(1, 0, 2).reshape(count, photos * size)
    rows = torch.cat([weights.sum(0)[:, None], (weights[..., None] * target).sum(0), columns], 1)
    summed = rows.new_zeros(int(groups.max()) + 1, rows.shape[1]).index_add(0, groups, rows)
    total, colors, columns = summed.split([1, 3, photos * size], 1)
    total = total.clamp(min=1e-12)
    matrix = torch.block_diag(*(lit.transpose(1, 2) @ basis)) - columns.T @ (columns / total)
    right = (lit.transpose(1, 2) @ target).reshape(photos * size, 3)
    return matrix, right - columns.T @ (colors / total)


def _solve(matrix: Tensor, right: Tensor, weights: Tensor, before: Tensor) -> Tensor:
    """Lights (P, 9, 3) held to be alike, and even where they are few.

    Args:
        weights: (P,) how much each photo says.
        before: (P, 9, 3) lights to whose mean, and that of even ones, they are held.
    """
    free = weights.new_ones(HARMONICS)
    free[0] = 1e-3  # a photo's exposure
    hold = weights[:, None] * free
    mean = (before.sum(0) + EVEN_PHOTOS * even_light(before)) / (len(before) + EVEN_PHOTOS)
    matrix = matrix + torch.diag(LIKENESS * hold.reshape(-1) + 1e-9)
    right = right + (LIKENESS * hold[..., None] * mean).reshape(right.shape)
    return torch.linalg.solve(matrix, right).reshape(before.shape)
