"""Adam, as offsets are learned with it."""

import torch

from album2avatar.sculpt.field import OffsetField

LAST_RATE = 0.1
"""Learning rate at the last step as a share of the first."""
DAMPING = 1e-7
"""Adam's epsilon. Where nothing but rounding pulls at a node, it shall stay where it is."""


def offset_optimizer(field: OffsetField, learning_rate: float) -> torch.optim.Adam:
    """An optimiser of all of a field's parameters."""
    return torch.optim.Adam(
        field.parameter_groups(), lr=learning_rate, betas=(0.9, 0.99), eps=DAMPING
    )


def set_rates(optimizer: torch.optim.Adam, learning_rate: float, step: int, steps: int) -> None:
    """Give each group of parameters its rate at step number `step`; rates fall linearly."""
    share = 1.0 - (1.0 - LAST_RATE) * step / steps
    for group in optimizer.param_groups:
        group["lr"] = learning_rate * group["rate"] * share
