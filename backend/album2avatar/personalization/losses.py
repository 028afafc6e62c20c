"""What the prior is trained on."""

import torch
from torch import Tensor

SNR_LIMIT = 5.0
"""Hang et al. 2023, "Efficient diffusion training via min-SNR weighting strategy"."""


def noise_weights(signal: Tensor) -> Tensor:
    """Weight of the squared error of the noise at alpha_bar `signal` (B,).

    min(snr, 5) / snr: 1 where there is much noise, small where there is so little that noise is
    guesswork. In terms of the noise it is the same for priors that predict noise or velocity.
    """
    ratio = signal / (1 - signal)
    return ratio.clamp(max=SNR_LIMIT) / ratio


def masked_loss(predicted: Tensor, noise: Tensor, weights: Tensor, masks: Tensor) -> Tensor:
    """Mean squared error of the noise inside masks; every picture counts the same.

    Args:
        predicted, noise: (B, c, h, w).
        weights: (B,) of the noise levels.
        masks: (B, h, w) in 0..1; what lies where it is 0 has no influence.
    """
    error = (predicted - noise).square().mean(1)
    inside = (error * masks).sum((1, 2)) / masks.sum((1, 2)).clamp(min=1e-6)
    return (inside * weights).mean()


def stratified_timesteps(count: int, timesteps: int, generator: torch.Generator) -> Tensor:
    """One timestep in each of `count` equal parts of the range, (count,) int64, shuffled."""
    strata = torch.randperm(count, generator=generator)
    share = (strata + torch.rand(count, generator=generator)) / count
    return (share * timesteps).long().clamp(0, timesteps - 1)
