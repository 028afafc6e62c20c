"""What is behind the person, and the light."""

from dataclasses import dataclass

import numpy as np

from album2avatar.synthetic.palette import CLOTH_COLORS
from album2avatar.synthetic.template import Floats

_PLAIN_SHARE = 0.88
"""Busy backgrounds eat a small model's capacity; see docs/SYNTHETIC_PEOPLE.md."""


@dataclass(frozen=True)
class Background:
    """Colour samples that are stretched over the picture."""

    name: str | None
    """Colour word of a plain wall; None where it is busy."""
    samples: Floats
    """(R, C, 3) sRGB 0..255, interpolated bilinearly between the picture's corners."""

    def paint(self, height: int, width: int) -> Floats:
        """(height, width, 3) sRGB 0..255."""
        rows = _lerp_matrix(height, self.samples.shape[0])
        columns = _lerp_matrix(width, self.samples.shape[1])
        painted = np.einsum("hr,rck->hck", rows, self.samples)
        return np.einsum("wc,hck->hwk", columns, painted, optimize=True).astype(np.float32)


@dataclass(frozen=True)
class Light:
    """One lamp and a share of light from everywhere."""

    direction: tuple[float, float, float]
    """Towards the lamp, unit, view frame."""
    ambient: float
    """0..1."""


def sample_background(generator: np.random.Generator) -> Background:
    """Draw a plain, graded wall, or a busy scene."""
    if generator.random() < _PLAIN_SHARE:
        names = tuple(CLOTH_COLORS)
        if generator.random() < 0.5:
            names = ("white", "grey", "black")
        name = names[int(generator.integers(len(names)))]
        color = np.array(CLOTH_COLORS[name]) + generator.normal(0.0, 7.0, 3)
        slope = generator.uniform(-12.0, 12.0) if generator.random() < 0.5 else 0.0
        samples = color + np.array([-slope, slope])[:, None, None]
        return Background(name, samples.repeat(2, 1).clip(0, 255).astype(np.float32))
    if generator.random() < 0.5:
        wall, floor = generator.uniform(20.0, 240.0, (2, 3))
        split = int(generator.integers(20, 34))
        samples = np.where((np.arange(40) < split)[:, None, None], wall, floor)
        return Background(None, samples.repeat(2, 1).astype(np.float32))
    samples = generator.uniform(20.0, 240.0, (6, 6, 3))
    return Background(None, samples.astype(np.float32))


def sample_light(generator: np.random.Generator) -> Light:
    """Draw a lamp in front of the person, anywhere from side to side."""
    direction = np.array(
        [generator.uniform(-0.8, 0.8), generator.uniform(0.0, 1.0), generator.uniform(0.5, 1.0)]
    )
    direction /= np.linalg.norm(direction)
    x, y, z = (float(value) for value in direction)
    return Light((x, y, z), float(generator.uniform(0.5, 0.78)))


def _lerp_matrix(count: int, samples: int) -> Floats:
    """(count, samples) weights of linear interpolation."""
    position = np.linspace(0.0, samples - 1, count)
    return np.maximum(0.0, 1.0 - np.abs(position[:, None] - np.arange(samples)[None, :]))
