"""Sentences broken into lines. Knows nothing of Blender."""

import textwrap

_PIXELS_PER_CHARACTER = 6.0
"""Average width of a letter of Blender's interface font at scale 1 (Inter, 11 points)."""
_MARGIN = 60.0
"""Pixels beside the text at scale 1: panel borders, a box, an icon."""
_SHORTEST = 16


def lines_of(text: str, characters: int) -> list[str]:
    """Break a text into lines of at most so many characters; paths break where they must."""
    return [
        line
        for paragraph in text.splitlines()
        for line in textwrap.wrap(paragraph, max(characters, _SHORTEST), break_on_hyphens=False)
    ]


def characters_in(width: float, scale: float) -> int:
    """How many characters fit into a region.

    Args:
        width: of the region, pixels.
        scale: of the interface, 1 on a usual screen.
    """
    return max(_SHORTEST, int((width / scale - _MARGIN) / _PIXELS_PER_CHARACTER))
