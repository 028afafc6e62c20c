"""One picture that shows what the segmentation made of the album."""

import colorsys
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from torch import Tensor

from album2avatar.assets import Asset
from album2avatar.files import atomic_path
from album2avatar.segmentation.merging import Labels

CELL = 256
LINE = 18
OVERLAY = 0.55


def save_contact_sheet(
    path: Path, photos: Sequence[Tensor], labels: Sequence[Labels], assets: Sequence[Asset]
) -> None:
    """Write a PNG of all photos with their assets in colour, and a legend.

    Args:
        photos: (H, W, 3) sRGB in 0..1 each.
        labels: (H, W) uint8 each, 0 background, i + 1 the i-th asset.
    """
    columns = min(4, len(photos))
    rows = math.ceil(len(photos) / columns)
    colours = asset_colours(len(assets))
    legend = LINE * math.ceil(len(assets) / columns) + 8
    sheet = Image.new("RGB", (columns * CELL, rows * CELL + legend), "white")
    for index, (photo, values) in enumerate(zip(photos, labels, strict=True)):
        cell = overlay(photo, values, colours)
        left = (index % columns) * CELL + (CELL - cell.width) // 2
        top = (index // columns) * CELL + (CELL - cell.height) // 2
        sheet.paste(cell, (left, top))
    draw = ImageDraw.Draw(sheet)
    for index, asset in enumerate(assets):
        left = (index % columns) * CELL + 6
        top = rows * CELL + 6 + (index // columns) * LINE
        draw.rectangle((left, top, left + 12, top + 12), fill=tuple(colours[index + 1]))
        draw.text((left + 18, top), f"{asset.token} {asset.name}", fill="black")
    with atomic_path(path) as temporary:
        sheet.save(temporary)


def overlay(photo: Tensor, values: Labels, colours: np.ndarray) -> Image.Image:
    """The photo within CELL pixels, its assets tinted."""
    pixels = photo.cpu().numpy() * 255
    tinted = (1 - OVERLAY) * pixels + OVERLAY * colours[values]
    shown = np.where((values > 0)[..., None], tinted, pixels)
    image = Image.fromarray(shown.round().astype(np.uint8))
    image.thumbnail((CELL - 4, CELL - 4))
    return image


def asset_colours(count: int) -> np.ndarray:
    """(count + 1, 3) uint8, well apart; the first stands for the background."""
    golden = 0.618033988749895
    rows = [colorsys.hsv_to_rgb((index * golden) % 1, 0.85, 1.0) for index in range(count)]
    return (255 * np.array([(0.0, 0.0, 0.0), *rows])).astype(np.uint8)
