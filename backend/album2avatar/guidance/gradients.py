"""Score distillation as arithmetic on noise predictions.

Each function gives the direction that gradient descent should follow in latent space,
before the weight of the timestep. They differ in how they keep the sampled noise, which
carries no information about the image, out of that direction.
"""

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from album2avatar.settings.guidance import GuidanceMethod

Wording = Literal["text", "unconditional", "negative", "source"]
"""What a prediction is made under: the prompt, no words, words of what the image should not look
like, or words of what it looks like now."""

LOW_NOISE_TIMESTEP = 200
"""Below this timestep (of 1,000) the unconditional prediction is itself a good direction;
above it, it is mostly noise (Katzir et al. 2024, "Noise-Free Score Distillation", §4)."""


@dataclass(frozen=True)
class Rule:
    """Which direction is followed, and how far the prompt counts."""

    method: GuidanceMethod
    scale: float
    """Weight of what the prompt adds."""
    rescale: float = 0.0
    """How far the guided estimate's spread is brought back to that of the prompt alone, 0..1."""


@dataclass(frozen=True)
class NoisePredictions:
    """What the prior says about one batch of noisy latents; each (B, c, h, w).

    A prediction that the rule doesn't read is not asked for, and 0.
    """

    text: Tensor
    """Prediction under the prompt."""
    unconditional: Tensor
    """Prediction under the empty prompt."""
    negative: Tensor
    """Prediction under the words of what the image should not look like."""
    source: Tensor
    """Prediction under the words of what the image looks like now."""
    noise: Tensor
    """The noise that was added."""


def wordings_read(rule: Rule) -> tuple[Wording, ...]:
    """The predictions that a rule reads."""
    if rule.method == "nfsd":
        return ("text", "unconditional", "negative")
    if rule.method == "bridge":
        return ("text", "source")
    if rule.method == "sds" and rule.scale == 1:
        return ("text",)
    return ("text", "unconditional")


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


def bridge_gradient(predictions: NoisePredictions, guidance_scale: float) -> Tensor:
    """From what the image looks like now to what the prompt says, (B, c, h, w).

    It is 0 where the words of the source describe the image as well as the prompt does.

    Source: McAllister et al. 2024, "Rethinking Score Distillation as a Bridge Between Image
        Distributions": the second stage.
    """
    return guidance_scale * (predictions.text - predictions.source)


def distillation_gradient(
    rule: Rule,
    predictions: NoisePredictions,
    timesteps: Tensor,
    noisy: Tensor,
    signal: Tensor,
) -> Tensor:
    """Direction of a rule, (B, c, h, w).

    Args:
        timesteps: (B,) int.
        noisy: (B, c, h, w) latents of which the predictions are.
        signal: (B, 1, 1, 1) share of the signal's variance in them.
    """
    gradient = _of_method(rule, predictions, timesteps)
    if rule.rescale == 0:
        return gradient
    # Every method is the guided prediction less something that rescaling leaves alone.
    base = predictions.source if rule.method == "bridge" else predictions.unconditional
    guided = base + rule.scale * (predictions.text - base)
    return gradient + rescaled(guided, predictions.text, noisy, signal, rule.rescale) - guided


def rescaled(guided: Tensor, text: Tensor, noisy: Tensor, signal: Tensor, share: float) -> Tensor:
    """A guided noise prediction whose clean image has the prompt's standard deviation.

    Guidance makes the estimate of the clean image larger, and colours with it. The estimate is
    scaled, not the prediction, which is mostly noise; so it doesn't matter whether the model
    predicts noise or v.

    Args:
        guided, text: (B, c, h, w) noise predictions with guidance, and under the prompt alone.
        noisy: (B, c, h, w) latents of which they are.
        signal: (B, 1, 1, 1) share of the signal's variance in them.
        share: 0 leaves the guided prediction as it is, 1 gives each image the standard
            deviation of the one under the prompt alone.

    Source: Lin et al. 2024, "Common Diffusion Noise Schedules and Sample Steps are Flawed",
        equations 15 and 16.
    """
    spread = (1 - signal).sqrt()
    # sqrt(signal) times the clean images: without noise there would be nothing to divide by.
    clean_guided, clean_text = noisy - spread * guided, noisy - spread * text
    deviations = [clean.std((1, 2, 3), keepdim=True) for clean in (clean_text, clean_guided)]
    factor = share * deviations[0] / deviations[1].clamp(min=1e-8) + 1 - share
    return (noisy - factor * clean_guided) / spread


def _of_method(rule: Rule, predictions: NoisePredictions, timesteps: Tensor) -> Tensor:
    if rule.method == "nfsd":
        return noise_free_gradient(predictions, timesteps, rule.scale)
    if rule.method == "sds":
        return sds_gradient(predictions, rule.scale)
    if rule.method == "bridge":
        return bridge_gradient(predictions, rule.scale)
    return csd_gradient(predictions, rule.scale)
