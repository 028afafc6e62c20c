"""Small line plots, so that a benchmark needs no plotting package."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont

_SIZE = (420, 300)
_BORDER = (58, 34, 16, 44)
"""Left, top, right, bottom."""
_INK, _GRID, _DOT, _LINE = (40, 40, 40), (225, 225, 225), (30, 90, 180), (220, 120, 40)
_FONT = ImageFont.load_default(13)


@dataclass(frozen=True)
class Plot:
    """Measured points and a fitted line `first + slope * x`."""

    title: str
    x_label: str
    y_label: str
    points: Sequence[tuple[float, float]]
    first: float
    slope: float


def draw_plots(plots: Sequence[Plot], columns: int) -> Image.Image:
    """Plots side by side, in rows."""
    rows = -(-len(plots) // columns)
    sheet = Image.new("RGB", (columns * _SIZE[0], rows * _SIZE[1]), "white")
    for index, plot in enumerate(plots):
        place = (index % columns * _SIZE[0], index // columns * _SIZE[1])
        sheet.paste(_draw(plot), place)
    return sheet


def _draw(plot: Plot) -> Image.Image:
    image = Image.new("RGB", _SIZE, "white")
    pen = ImageDraw.Draw(image)
    left, top, right, bottom = _BORDER
    width, height = _SIZE[0] - left - right, _SIZE[1] - top - bottom
    widest = 1.05 * max(x for x, _ in plot.points)
    highest = 1.1 * max(y for _, y in plot.points)

    def at(x: float, y: float) -> tuple[float, float]:
        return left + width * x / widest, top + height * (1 - y / highest)

    for y in _ticks(highest):
        pen.line([at(0, y), at(widest, y)], fill=_GRID)
        pen.text((left - 6, at(0, y)[1]), f"{y:g}", _INK, _FONT, anchor="rm")
    for x in _ticks(widest):
        pen.text((at(x, 0)[0], top + height + 6), f"{x:g}", _INK, _FONT, anchor="ma")
    ends = [(x, min(max(plot.first + plot.slope * x, 0), highest)) for x in (0.0, widest)]
    pen.line([at(*end) for end in ends], fill=_LINE, width=2)
    for point in plot.points:
        x, y = at(*point)
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=_DOT)
    pen.line([at(0, highest), at(0, 0), at(widest, 0)], fill=_INK)
    pen.text((left, 8), f"{plot.title}: {plot.y_label}", _INK, _FONT)
    pen.text((left + width / 2, _SIZE[1] - 6), plot.x_label, _INK, _FONT, anchor="md")
    return image


def _ticks(highest: float) -> list[float]:
    """Four to nine round numbers from 0 to `highest`."""
    power = 10.0 ** math.floor(math.log10(highest))
    step = next(s * power for s in (0.2, 0.25, 0.5, 1.0, 2.0) if highest <= 8 * s * power)
    return [step * i for i in range(int(highest / step) + 1)]
