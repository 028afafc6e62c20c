"""Colour words at which tokens start, and plain backgrounds."""

import numpy as np
import numpy.typing as npt

from album2avatar.assets import AssetKind

CLOTH_WORDS: dict[str, tuple[int, int, int]] = {
    "black": (25, 25, 25),
    "white": (240, 240, 240),
    "grey": (128, 128, 128),
    "red": (200, 30, 35),
    "green": (45, 140, 60),
    "blue": (45, 90, 200),
    "yellow": (240, 210, 45),
    "orange": (240, 125, 30),
    "purple": (120, 50, 160),
    "pink": (245, 145, 185),
    "brown": (115, 70, 40),
    "navy": (25, 35, 90),
    "teal": (20, 140, 145),
    "beige": (215, 195, 155),
}
"""What people commonly mean by these words, sRGB 0..255."""

HAIR_WORDS: dict[str, tuple[int, int, int]] = {
    "black": (30, 28, 28),
    "brown": (90, 58, 36),
    "blonde": (215, 180, 110),
    "red": (165, 72, 32),
    "grey": (150, 150, 150),
    "white": (225, 225, 225),
}
SKIN_WORDS: dict[str, tuple[int, int, int]] = {
    "light": (235, 200, 178),
    "tan": (205, 155, 120),
    "brown": (150, 102, 70),
    "dark": (92, 62, 46),
}


def color_words(kind: AssetKind) -> dict[str, tuple[int, int, int]]:
    """The words that people use for the colour of a kind of asset."""
    if kind == "hair":
        return HAIR_WORDS
    if kind in ("face", "skin"):
        return SKIN_WORDS
    return CLOTH_WORDS


def nearest_color_word(kind: AssetKind, rgb: npt.NDArray[np.floating]) -> str:
    """Word whose colour is nearest to `rgb` (3,), sRGB 0..255."""
    words = color_words(kind)
    distances = {word: float(np.square(rgb - np.array(c)).sum()) for word, c in words.items()}
    return min(distances, key=distances.__getitem__)
