"""How noisy the images are made, from coarse to fine."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TimestepSchedule:
    """Range of noise levels as shares of the prior's timesteps.

    High noise decides on shape and colour, low noise on detail; the upper end of the range
    therefore falls while the optimisation goes on.
    """

    lowest: float = 0.02
    """Below this the images hardly differ from what the prior would return."""
    highest_first: float = 0.98
    """Upper end at the first step."""
    highest_last: float = 0.5
    """Upper end at the last step."""


def highest_timestep(schedule: TimestepSchedule, step: int, steps: int) -> float:
    """Upper end of the range at `step` of `steps`, a share; falls linearly."""
    progress = step / max(steps - 1, 1)
    fall = schedule.highest_first - schedule.highest_last
    return max(schedule.lowest, schedule.highest_first - fall * min(progress, 1.0))


def sample_timesteps(
    schedule: TimestepSchedule,
    step: int,
    steps: int,
    count: int,
    timesteps: int,
    generator: torch.Generator,
) -> Tensor:
    """Draw timesteps for the views of one step, one in each equal part of the range.

    Args:
        step, steps: how far the optimisation is.
        count: views of this step.
        timesteps: the prior's number of timesteps, the length of `alphas_cumprod`.
        generator: CPU generator.

    Returns:
        (count,) int64 in random order of noise.
    """
    highest = highest_timestep(schedule, step, steps)
    strata = torch.randperm(count, generator=generator)
    share = (strata + torch.rand(count, generator=generator)) / count
    level = schedule.lowest + (highest - schedule.lowest) * share
    return (level * timesteps).long().clamp(0, timesteps - 1)
