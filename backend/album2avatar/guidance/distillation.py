"""Score distillation of rendered images through a latent diffusion prior."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from album2avatar.guidance.gradients import (
    LOW_NOISE_TIMESTEP,
    NoisePredictions,
    Rule,
    distillation_gradient,
)
from album2avatar.prior.embeddings import TextEmbeddings


class LatentPrior(Protocol):
    """What distillation needs of a diffusion prior."""

    @property
    def alphas_cumprod(self) -> Tensor:
        """(T,) share of the signal's variance at each timestep."""
        ...

    def encode_images(self, images: Tensor) -> Tensor:
        """(B, H, W, 3) in 0..1 to scaled latents (B, c, h, w); differentiable."""
        ...

    def predict_noise(
        self, latents: Tensor, timesteps: Tensor, embeddings: TextEmbeddings
    ) -> Tensor:
        """Noise in noisy latents (B, c, h, w) under the embeddings of B sentences."""
        ...


@dataclass(frozen=True)
class PromptEmbeddings:
    """Text embeddings of a batch of views; each of B sentences."""

    text: TextEmbeddings
    """Of each view's own prompt."""
    unconditional: TextEmbeddings
    """Of the empty prompt."""
    negative: TextEmbeddings
    """Of what the image should not look like; read by the method `nfsd` alone."""


@dataclass(frozen=True)
class Distillation:
    """One evaluation of the guidance."""

    loss: Tensor
    """Scalar. Its value means nothing; its gradient with respect to the latents is the
    distillation gradient divided by their number, so that its size depends neither on
    the batch nor on the resolution."""
    gradient_norm: float
    """Root mean square of the distillation gradient over the latents, for reports."""


def distillation_loss(
    prior: LatentPrior,
    images: Tensor,
    embeddings: PromptEmbeddings,
    timesteps: Tensor,
    generator: torch.Generator,
    rule: Rule,
) -> Distillation:
    """Loss whose gradient with respect to the images is the prior's opinion of them.

    The noise predictions are made in one batched call without gradients. The timestep's
    weight is 1 - alpha_bar (Poole et al. 2023).

    Args:
        images: (B, H, W, 3) in 0..1, row 0 at the top, H and W the prior's image size.
        embeddings: of B prompts.
        timesteps: (B,) int64, from `sample_timesteps`.
        generator: CPU generator of the noise.
        rule: which member of the family, and how strong.
    """
    latents = prior.encode_images(images)
    with torch.no_grad():
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        timesteps = timesteps.to(latents.device)
        signal = prior.alphas_cumprod.to(latents)[timesteps].view(-1, 1, 1, 1)
        noisy = signal.sqrt() * latents.detach() + (1 - signal).sqrt() * noise
        predictions = _predict(prior, noisy, noise, timesteps, embeddings, rule)
        gradient = (1 - signal) * distillation_gradient(rule, predictions, timesteps)
    loss = (latents * gradient).mean()
    return Distillation(loss, float(gradient.square().mean().sqrt()))


def _predict(
    prior: LatentPrior,
    noisy: Tensor,
    noise: Tensor,
    timesteps: Tensor,
    embeddings: PromptEmbeddings,
    rule: Rule,
) -> NoisePredictions:
    """Ask the prior once for everything that the method reads, and for nothing else."""
    count = noisy.shape[0]
    if rule.method == "nfsd":
        rows = torch.nonzero(timesteps >= LOW_NOISE_TIMESTEP)[:, 0]
    else:
        rows = torch.zeros(0, dtype=torch.int64, device=noisy.device)
    predicted = prior.predict_noise(
        torch.cat([noisy, noisy, noisy[rows]]),
        torch.cat([timesteps, timesteps, timesteps[rows]]),
        TextEmbeddings.cat([embeddings.text, embeddings.unconditional, embeddings.negative[rows]]),
    )
    negative = torch.zeros_like(noise)
    negative[rows] = predicted[2 * count :]
    return NoisePredictions(predicted[:count], predicted[count : 2 * count], negative, noise)
