"""Backgrounds that a person can be mistaken for: clouds of colour, bars and boxes."""

import torch
import torch.nn.functional as F
from torch import Tensor


def random_backgrounds(count: int, size: int, generator: torch.Generator) -> Tensor:
    """Draw busy backgrounds.

    Returns:
        (count, 3, size, size) in 0..1.
    """
    clouds = torch.zeros(count, 3, size, size)
    for cells in (1, 3, 6, 12, 32):
        colours = torch.rand(count, 3, cells, cells, generator=generator) - 0.5
        strength = torch.rand(count, 1, 1, 1, generator=generator) ** 2
        clouds += strength * F.interpolate(colours, (size, size), mode="bilinear")
    pictures = (0.5 + clouds).clamp(0, 1)
    for picture in pictures:
        add_boxes(picture, generator)
    return pictures


def add_boxes(picture: Tensor, generator: torch.Generator) -> None:
    """Paint up to eight upright boxes and bars of one colour into (3, S, S)."""
    size = picture.shape[-1]
    for _ in range(int(torch.randint(0, 9, (), generator=generator))):
        draws = torch.rand(7, generator=generator)
        width, height = (0.02 + 0.7 * draws[:2] ** 2) * size
        left, top = draws[2:4] * size * 1.2 - 0.1 * size
        rows = slice(max(0, int(top)), max(0, int(top + height) + 1))
        columns = slice(max(0, int(left)), max(0, int(left + width) + 1))
        picture[:, rows, columns] = draws[4:7, None, None]
