"""The light of each photo, and the colours that are left without it.

Light from far away on a dull surface is a smooth function of the normal alone; spherical harmonics
up to second order hold 98 % of it (Ramamoorthi and Hanrahan 2001, "An efficient representation for
irradiance environment maps"). Here they hold the logarithm of the brightness: it is never
negative, and colours and lights add up, so that both follow from one linear system.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

MEAN_BRIGHTNESS = 0.87
"""What a surface keeps of its albedo in the mean; the photos' lights are nobody's knowledge."""
DARKEST, LIGHTEST = math.log(0.35), math.log(1.6)
"""Logarithms of the brightness that a light may give; beyond it the fit explains something else
than light."""
STIFFNESS = 0.002
"""How strongly a light stays even, against all that its photo says: what every photo agrees on is
the surface's own colour, not light that came with the camera."""
LEAST_COLOR = 0.02
"""sRGB below which a colour is noise, and its logarithm more so."""
OUTLIER = 0.25
"""Difference of logarithms beyond which a photo shows something else than the others."""
ROUNDS = 3
"""Solutions, each with less weight on what did not fit the one before."""
HARMONICS = 9


def light_basis(normals: Tensor) -> Tensor:
    """Real spherical harmonics up to second order, (N, 9), without their constant factors.

    Args:
        normals: (N, 3) unit.
    """
    x, y, z = normals.unbind(-1)
    return torch.stack(
        [
            torch.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1,
        ],
        -1,
    )  # fmt: skip


def brightness(normals: Tensor, light: Tensor) -> Tensor:
    """What a light gives to surfaces, (N, 3).

    Args:
        normals: (N, 3) unit, in the camera's frame.
        light: (9, 3), logarithms, a colour for each harmonic.
    """
    return (light_basis(normals) @ light).clamp(DARKEST, LIGHTEST).exp()


def even_light(like: Tensor) -> Tensor:
    """(9, 3) light from everywhere."""
    light = like.new_zeros(HARMONICS, 3)
    light[0] = math.log(MEAN_BRIGHTNESS)
    return light


def estimate_lights(
    colors: Sequence[Tensor], normals: Sequence[Tensor], weights: Sequence[Tensor]
) -> Tensor:
    """Find every photo's light from places that several photos show: (P, 9, 3).

    Least squares of log(photo) = log(colour) + log(light), in which each place has a colour of
    its own. Taken together the lights are even.

    Args:
        colors: per photo (N, 3) sRGB, of the same N places.
        normals: per photo (N, 3) unit, in its camera's frame.
        weights: per photo (N,), 0 where it doesn't show the place.
    """
    basis = torch.stack([light_basis(normal) for normal in normals]).double()
    shown = torch.stack(list(colors)).double().clamp(min=LEAST_COLOR)
    # A dark colour's logarithm is as uncertain as the colour is small.
    trust = torch.stack(list(weights)).double() * shown.mean(-1).square()
    trust = trust / trust.mean().clamp(min=1e-30)
    target = shown.log()
    lights = even_light(colors[0]).double().expand(len(colors), -1, -1)
    heard = trust
    for _ in range(ROUNDS):
        lights = _solve(basis, target, heard)
        without = target - basis @ lights
        middle = (heard[..., None] * without).sum(0) / heard.sum(0).clamp(min=1e-12)[:, None]
        away = (without - middle).square().mean(-1)
        heard = trust / (1 + away / OUTLIER**2)
    even = even_light(lights)
    return (lights - lights.mean(0) + even).to(colors[0])


def _solve(basis: Tensor, target: Tensor, weights: Tensor) -> Tensor:
    """Lights (P, 9, 3) without the places' own colours, which are eliminated.

    Args:
        basis: (P, N, 9).
        target: (P, N, 3) logarithms of the photos' colours.
        weights: (P, N).
    """
    photos, count, size = basis.shape
    total = weights.sum(0).clamp(min=1e-12)
    lit = weights[..., None] * basis
    mean = (weights[..., None] * target).sum(0) / total[:, None]
    columns = lit.permute(1, 0, 2).reshape(count, photos * size)
    matrix = torch.block_diag(*(lit.transpose(1, 2) @ basis))
    matrix = matrix - columns.T @ (columns / total[:, None])
    right = (lit.transpose(1, 2) @ (target - mean)).reshape(photos * size, 3)
    hold = STIFFNESS * weights.sum(1)
    stiffness = torch.cat([hold[:, None] * 1e-3, hold[:, None].expand(-1, size - 1)], 1)
    # A photo's exposure is almost free; a photo that shows nothing gets an even light.
    matrix = matrix + torch.diag(stiffness.reshape(-1) + 1e-9)
    return torch.linalg.solve(matrix, right).reshape(photos, size, 3)
