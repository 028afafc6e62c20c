"""The light of a photo.

Light from far away on a dull surface is a smooth function of the normal alone; spherical harmonics
up to second order hold 98 % of it (Ramamoorthi and Hanrahan 2001, "An efficient representation for
irradiance environment maps"). Here they hold the logarithm of the brightness: it is never
negative, and colours and lights add up, so that both follow from one linear system, see
`finding_lights`.
"""

import math

import torch
from torch import Tensor

MEAN_BRIGHTNESS = 0.87
"""What a surface keeps of its albedo in the mean; the photos' lights are nobody's knowledge."""
DARKEST, LIGHTEST = math.log(0.35), math.log(1.6)
"""Logarithms of the brightness that a light may give; beyond it the fit explains something else
than light."""
LEAST_COLOR = 0.02
"""sRGB below which a colour is noise, and its logarithm more so."""
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
