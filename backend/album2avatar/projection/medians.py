"""Middle colours that a few wrong ones don't move."""

import torch
from torch import Tensor

MEDIAN_ROUNDS = 12
"""Rounds towards the median; the first gives the mean."""
SAME_COLOR = 0.02
"""Distance of sRGB colours below which they are the same but for noise."""


def weighted_median(colors: Tensor, weights: Tensor) -> Tensor:
    """Geometric median (V, 3) of colours (P, V, 3) with weights (P, V); 0 where all weights are.

    Source: Weiszfeld 1937.
    """
    pull = weights
    middle = torch.zeros_like(colors[0])
    for _ in range(MEDIAN_ROUNDS):
        middle = (pull[..., None] * colors).sum(0) / pull.sum(0).clamp(min=1e-9)[:, None]
        away = (colors - middle).square().sum(-1).sqrt()
        pull = weights / (away + SAME_COLOR)
    return middle
