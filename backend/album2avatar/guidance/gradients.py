"""Score distillation as arithmetic on noise predictions.

Each function gives the direction that gradient descent should follow in latent space,
before the weight of the timestep. They differ in how they keep the sampled noise, which
carries no information about the image, out of that direction.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.settings.guidance import GuidanceMethod

LOW_NOISE_TIMESTEP = 200
"""Below this timestep (of 1,000) the unconditional prediction is itself a good direction;
above it, it is mostly noise (Katzir et al. 2024, "Noise-Free Score Distillation", §4)."""


@dataclass(frozen=True)
class Rule:
    """Which direction is followed, and how far the prompt counts."""

    method: GuidanceMethod
    scale: float
    """Weight of what the prompt adds."""


@dataclass(frozen=True)
class NoisePredictions:
    """What the prior says about one batch of noisy latents; each (B, c, h, w)."""

    text: Tensor
    """Prediction under the prompt."""
    unconditional: Tensor
    """Prediction under the empty prompt."""
    negative: Tensor
    """Prediction under the words of what the image should not look like."""
    noise: Tensor
    """The noise that was added."""


def sds_gradient(predictions: NoisePredictions, guidance_scale: float) -> Tensor:
    """Score distillation with classifier-free guidance, (B, c, h, w).

    Source: Poole et al. 2023, "DreamFusion", equation 3.
    """
    guided = predictions.unconditional + guidance_scale * (
        predictions.text - predictions.unconditional
    )
    return guided - predictions.noise


def csd_gradient(predictions: NoisePredictions, guidance_scale: float) -> Tensor:
    """The classifier's part alone: what the prompt adds, (B, c, h, w).

    Source: Yu et al. 2024, "Text-to-3D with Classifier Score Distillation", equation 8.
    """
    return guidance_scale * (predictions.text - predictions.unconditional)


def noise_free_gradient(
    predictions: NoisePredictions, timesteps: Tensor, guidance_scale: float
) -> Tensor:
    """The prompt's part plus a correction towards the domain without the noise, (B, c, h, w).

    The correction is the unconditional prediction where there is little noise, else the
    unconditional prediction without what it shares with the negative one.

    Args:
        timesteps: (B,) int.
        guidance_scale: published default 7.5.

    Source: Katzir et al. 2024, "Noise-Free Score Distillation", equations 8 to 10.
    """
    is_low = (timesteps < LOW_NOISE_TIMESTEP).view(-1, 1, 1, 1)
    difference = predictions.unconditional - predictions.negative
    domain = torch.where(is_low, predictions.unconditional, difference)
    return csd_gradient(predictions, guidance_scale) + domain


def distillation_gradient(rule: Rule, predictions: NoisePredictions, timesteps: Tensor) -> Tensor:
    """Direction of a rule's method, (B, c, h, w)."""
    if rule.method == "nfsd":
        return noise_free_gradient(predictions, timesteps, rule.scale)
    if rule.method == "sds":
        return sds_gradient(predictions, rule.scale)
    return csd_gradient(predictions, rule.scale)
