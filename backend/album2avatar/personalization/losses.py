"""What the prior is trained on."""

import torch
from torch import Tensor


def masked_loss(output: Tensor, target: Tensor, masks: Tensor) -> Tensor:
    """Mean squared error of the network's output inside masks; every picture counts the same.

    All noise levels weigh the same, as when the prior was trained: the high ones decide on
    colours and outline.

    Args:
        output, target: (B, c, h, w), see `Prior.training_target`.
        masks: (B, h, w) how much each place counts within its picture; what lies where it is
            0 has no influence.
    """
    error = (output - target).square().mean(1)
    inside = (error * masks).sum((1, 2)) / masks.sum((1, 2)).clamp(min=1e-6)
    return inside.mean()


def stratified_timesteps(count: int, timesteps: int, generator: torch.Generator) -> Tensor:
    """One timestep in each of `count` equal parts of the range, (count,) int64, shuffled."""
    strata = torch.randperm(count, generator=generator)
    share = (strata + torch.rand(count, generator=generator)) / count
    return (share * timesteps).long().clamp(0, timesteps - 1)
