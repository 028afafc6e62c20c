"""What can be read from pictures of Blender's sidebar."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BESIDE_THE_PANELS = 4
"""Pixels from the left edge, where the region's own colour shows."""
_INSIDE_THE_PANELS = 14
_PROGRESS_BLUE = (71, 114, 179)
"""The filled part of a progress bar in Blender's own theme."""


def panel_spans(sidebar: Image.Image) -> list[tuple[int, int]]:
    """Top and bottom of each panel, in pixels from the top of the sidebar's picture."""
    pixels = np.asarray(sidebar.convert("RGB"), dtype=int)
    region = np.median(pixels[:, _BESIDE_THE_PANELS], axis=0)
    is_panel = np.abs(pixels[:, _INSIDE_THE_PANELS] - region).sum(1) > 12
    edges = np.flatnonzero(np.diff(np.concatenate([[False], is_panel, [False]]).astype(int)))
    return [(int(top), int(bottom)) for top, bottom in edges.reshape(-1, 2) if bottom - top > 12]


def span_at(sidebar: Image.Image, y: int) -> tuple[int, int]:
    """Top and bottom of the panel at a height."""
    return next(span for span in panel_spans(sidebar) if span[0] <= y < span[1])


def progress_pixels(picture: Image.Image) -> int:
    """How much of the picture is a filled progress bar."""
    return int((_differences(picture, _PROGRESS_BLUE) <= 6).sum())


def colours(picture: Image.Image) -> int:
    """How many colours there are: Blender's widgets have few, photos have thousands."""
    return len(picture.convert("RGB").getcolors(1 << 24) or [])


def _differences(picture: Image.Image, colour: tuple[int, int, int]) -> NDArray[np.int_]:
    return np.abs(np.asarray(picture.convert("RGB"), dtype=int) - colour).sum(2)
