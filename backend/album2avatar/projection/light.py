"""The light of each photo, and the colours that are left without it.

Light from far away on a dull surface is a function of the normal alone, and nine numbers of
low-order spherical harmonics hold 98 % of it (Ramamoorthi and Hanrahan 2001, "An efficient
representation for irradiance environment maps").
"""

from collections.abc import Sequence

import torch
from torch import Tensor

MEAN_BRIGHTNESS = 0.9
"""What a surface keeps of its albedo in the mean; the photos' lights are nobody's knowledge."""
DARKEST, LIGHTEST = 0.35, 1.6
"""Brightness that a light may give; beyond it the fit explains something else than light."""
STIFFNESS = 0.02
"""How strongly the light stays even, against the colours' mean square: what all photos agree on
is the surface's own colour, not light that came with the camera."""
ROUNDS = 6


def light_basis(normals: Tensor) -> Tensor:
    """Nine real spherical harmonics up to second order, (N, 9), without their constant factors.

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
        light: (9, 3), a colour for each harmonic.
    """
    return (light_basis(normals) @ light).clamp(DARKEST, LIGHTEST)


def even_light(like: Tensor) -> Tensor:
    """(9, 3) light from everywhere."""
    light = like.new_zeros(9, 3)
    light[0] = MEAN_BRIGHTNESS
    return light


def estimate_lights(
    colors: Sequence[Tensor], normals: Sequence[Tensor], weights: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Find every photo's light and the surface's colours together.

    In turns: colours are the weighted mean of what the photos show, each without its light; a
    light is the least-squares fit of a photo to the colours.

    Args:
        colors: per photo (N, 3) sRGB, of the same N places.
        normals: per photo (N, 3) unit, in its camera's frame.
        weights: per photo (N,), 0 where it doesn't show the place.

    Returns:
        (P, 9, 3) lights, whose mean is light from everywhere; (N, 3) colours without light, 0
        where no photo shows the place.
    """
    lights = [even_light(color) for color in colors]
    bases = [light_basis(normal) for normal in normals]
    total = torch.stack(list(weights)).sum(0).clamp(min=1e-12)[:, None]
    albedo = torch.zeros_like(colors[0])
    for _ in range(ROUNDS):
        albedo = _unlit(colors, bases, weights, lights) / total
        lights = [
            _fit(color, basis, weight, albedo)
            for color, basis, weight in zip(colors, bases, weights, strict=True)
        ]
        mean = torch.stack(lights).mean(0)
        lights = [light + (even_light(light) - mean) for light in lights]
    return torch.stack(lights), _unlit(colors, bases, weights, lights) / total


def _unlit(
    colors: Sequence[Tensor],
    bases: Sequence[Tensor],
    weights: Sequence[Tensor],
    lights: Sequence[Tensor],
) -> Tensor:
    summed = torch.zeros_like(colors[0])
    for color, basis, weight, light in zip(colors, bases, weights, lights, strict=True):
        summed += weight[:, None] * color / (basis @ light).clamp(DARKEST, LIGHTEST)
    return summed


def _fit(color: Tensor, basis: Tensor, weight: Tensor, albedo: Tensor) -> Tensor:
    """(9, 3) light under which `albedo` looks most like `color`, drawn to an even one."""
    even = even_light(color)
    share = weight / weight.sum().clamp(min=1e-12)
    fitted: list[Tensor] = []
    for channel in range(3):
        lit = basis * albedo[:, channel : channel + 1]
        normal = (lit * share[:, None]).T @ lit
        left = (lit * share[:, None]).T @ color[:, channel]
        stiffness = STIFFNESS * (share * albedo[:, channel].square()).sum() + 1e-9
        # A photo's exposure is free; only where the light comes from is held.
        hold = torch.diag(torch.full((9,), 1.0, dtype=color.dtype, device=color.device))
        hold[0, 0] = 1e-3
        fitted.append(
            torch.linalg.solve(
                normal + stiffness * hold, left + stiffness * hold @ even[:, channel]
            )
        )
    return torch.stack(fitted, 1)
