"""How alike two pictures are: by pixels, by structure, and by the strength of their edges."""

import math

import numpy as np
from scipy import ndimage

from album2avatar.evaluation.metrics import Floats

_SSIM_DEVIATION = 1.5
_SSIM_RADIUS = 5
_LUMINANCE_FLOOR, _CONTRAST_FLOOR = 0.01**2, 0.03**2
"""The published constants of SSIM for values in 0..1."""
_EDGE_FLOOR = 170.0 / 255.0**2
"""The published constant of GMSD, for values in 0..1."""
_LUMA = np.array([0.299, 0.587, 0.114])


def peak_signal_to_noise(first: Floats, second: Floats) -> float:
    """PSNR in dB of pictures with values in 0..1 of equal shape; infinite where they are equal."""
    error = float(np.square(first - second).mean())
    return math.inf if error == 0 else -10.0 * math.log10(error)


def structural_similarity(first: Floats, second: Floats) -> float:
    """Mean SSIM of two pictures (H, W, C) in 0..1; 1 where they are equal.

    Source: Wang et al. 2004, "Image quality assessment: from error visibility to structural
        similarity", equation 13, with its Gaussian window of 11 pixels.
    """
    first_mean, second_mean = _blurred(first), _blurred(second)
    first_spread = _blurred(first**2) - first_mean**2
    second_spread = _blurred(second**2) - second_mean**2
    shared = _blurred(first * second) - first_mean * second_mean
    luminance = 2 * first_mean * second_mean + _LUMINANCE_FLOOR
    luminance = luminance / (first_mean**2 + second_mean**2 + _LUMINANCE_FLOOR)
    structure = (2 * shared + _CONTRAST_FLOOR) / (first_spread + second_spread + _CONTRAST_FLOOR)
    inside = slice(_SSIM_RADIUS, -_SSIM_RADIUS)
    return float((luminance * structure)[inside, inside].mean())


def edge_deviation(first: Floats, second: Floats) -> float:
    """How unevenly two pictures (H, W, 3) in 0..1 agree on their edges; 0 where they are equal.

    A perceptual term without a network, so that it needs no weights and can't be flattered by
    optimising against them.

    Source: Xue et al. 2014, "Gradient Magnitude Similarity Deviation", equations 4 to 6, with
        Prewitt's filters on luminance at half the size.
    """
    strengths = [_edge_strength(_halved(picture @ _LUMA)) for picture in (first, second)]
    alike = 2 * strengths[0] * strengths[1] + _EDGE_FLOOR
    alike = alike / (strengths[0] ** 2 + strengths[1] ** 2 + _EDGE_FLOOR)
    return float(alike.std())


def _blurred(picture: Floats) -> Floats:
    return ndimage.gaussian_filter(
        picture, (_SSIM_DEVIATION, _SSIM_DEVIATION, 0), mode="nearest", radius=(5, 5, 0)
    )


def _halved(luminance: Floats) -> Floats:
    rows, columns = (side // 2 * 2 for side in luminance.shape)
    even = luminance[:rows, :columns]
    return even.reshape(rows // 2, 2, columns // 2, 2).mean((1, 3))


def _edge_strength(luminance: Floats) -> Floats:
    across, down = (ndimage.prewitt(luminance, axis, mode="nearest") / 3 for axis in (1, 0))
    return np.hypot(across, down)
