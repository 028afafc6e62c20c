"""Similarities of pictures against values that can be worked out by hand."""

import math

import numpy as np
import pytest
from scipy import ndimage

from album2avatar.evaluation.image_similarity import (
    edge_deviation,
    peak_signal_to_noise,
    structural_similarity,
)
from album2avatar.seeding import numpy_generator


def pattern() -> np.ndarray:
    noise = numpy_generator(0, "test", "pattern").random((64, 48, 3))
    return 0.5 + 3 * (ndimage.gaussian_filter(noise, (2, 2, 0)) - 0.5)


def test_an_even_error_of_a_tenth_is_twenty_decibels():
    first = np.full((8, 8, 3), 0.4)
    assert peak_signal_to_noise(first, first + 0.1) == pytest.approx(20.0)
    assert peak_signal_to_noise(first, first) == math.inf


def test_similarity_of_even_greys_is_that_of_their_luminance():
    """Without structure SSIM is (2ab + c) / (a² + b² + c)."""
    first, second = np.full((32, 32, 1), 0.3), np.full((32, 32, 1), 0.6)
    expected = (2 * 0.18 + 1e-4) / (0.09 + 0.36 + 1e-4)
    assert structural_similarity(first, second) == pytest.approx(expected, abs=1e-9)


def test_similarity_is_one_for_equals_and_negative_for_an_inverted_picture():
    picture = pattern()
    inverted = 2 * picture.mean() - picture
    assert structural_similarity(picture, picture) == pytest.approx(1.0)
    assert structural_similarity(picture, inverted) < 0


def test_edges_ignore_an_even_change_of_brightness_and_notice_blur():
    """The more is blurred, the less the edges agree."""
    picture = pattern()
    little, much = (ndimage.gaussian_filter(picture, (width, width, 0)) for width in (1.0, 3.0))
    assert edge_deviation(picture, picture + 0.2) == pytest.approx(0.0, abs=1e-12)
    assert 0 < edge_deviation(picture, little) < edge_deviation(picture, much)
