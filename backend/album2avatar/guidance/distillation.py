"""Score distillation of rendered images through a latent diffusion prior."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from album2avatar.guidance.gradients import (
    LOW_NOISE_TIMESTEP,
    NoisePredictions,
    Rule,
    Wording,
    distillation_gradient,
    wordings_read,
)
from album2avatar.prior.conditioner import Conditioning
from album2avatar.prior.embeddings import TextEmbeddings


class LatentPrior(Protocol):
    """What distillation needs of a diffusion prior."""

    @property
    def alphas_cumprod(self) -> Tensor:
        """(T,) share of the signal's variance at each timestep."""
        ...

    def encode_images(self, images: Tensor, size: int) -> Tensor:
        """(B, H, W, 3) in 0..1, brought to `size` squared, to scaled latents (B, c, h, w);
        differentiable."""
        ...

    def predict_noise(
        self,
        latents: Tensor,
        timesteps: Tensor,
        embeddings: TextEmbeddings,
        conditioning: Conditioning | None,
    ) -> Tensor:
        """Noise in noisy latents (B, c, h, w) under the embeddings of B sentences, led by B
        pictures where there are any."""
        ...


PromptEmbeddings = Mapping[Wording, TextEmbeddings]
"""Text embeddings of a batch of B views by wording, each of B sentences; at least those that the
rule reads."""


@dataclass(frozen=True)
class Distillation:
    """One evaluation of the guidance."""

    loss: Tensor
    """Scalar. Its value means nothing; its gradient with respect to the latents is the
    distillation gradient divided by their number, so that its size depends neither on
    the batch nor on the resolution."""
    gradient_norm: float
    """Root mean square of the distillation gradient over the latents, for reports."""
    prior_calls: int
    """Pictures that the prior's network judged."""


def distillation_loss(
    prior: LatentPrior,
    images: Tensor,
    embeddings: PromptEmbeddings,
    timesteps: Tensor,
    generator: torch.Generator,
    rule: Rule,
    conditioning: Conditioning | None = None,
) -> Distillation:
    """Loss whose gradient with respect to the images is the prior's opinion of them.

    The noise predictions are made in one batched call without gradients. The timestep's
    weight is 1 - alpha_bar (Poole et al. 2023).

    Args:
        images: (B, S, S, 3) in 0..1, row 0 at the top; S may differ from the size
            that the prior was trained on, as long as it halves evenly.
        embeddings: of B prompts.
        timesteps: (B,) int64, from `sample_timesteps`.
        generator: CPU generator of the noise.
        rule: which member of the family, and how strong.
        conditioning: B pictures that lead every prediction, that without words as well: what
            the prompt adds is then told apart from what stands where.
    """
    latents = prior.encode_images(images, images.shape[1])
    with torch.no_grad():
        noise = torch.randn(latents.shape, generator=generator).to(latents)
        timesteps = timesteps.to(latents.device)
        signal = prior.alphas_cumprod.to(latents)[timesteps].view(-1, 1, 1, 1)
        noisy = signal.sqrt() * latents.detach() + (1 - signal).sqrt() * noise
        asked: dict[Wording, Tensor] = {
            wording: _rows(wording, timesteps) for wording in wordings_read(rule)
        }
        predictions = _predict(prior, noisy, noise, timesteps, embeddings, asked, conditioning)
        gradient = (1 - signal) * distillation_gradient(rule, predictions, timesteps, noisy, signal)
    loss = (latents * gradient).mean()
    calls = sum(len(rows) for rows in asked.values())
    return Distillation(loss, float(gradient.square().mean().sqrt()), calls)


def _predict(
    prior: LatentPrior,
    noisy: Tensor,
    noise: Tensor,
    timesteps: Tensor,
    embeddings: PromptEmbeddings,
    asked: Mapping[Wording, Tensor],
    conditioning: Conditioning | None,
) -> NoisePredictions:
    """Ask the prior once for everything that is read, and for nothing else.

    Args:
        asked: the views, by their rows, of which the prediction under each wording is read.
    """
    rows = torch.cat(list(asked.values()))
    predicted = prior.predict_noise(
        noisy[rows],
        timesteps[rows],
        TextEmbeddings.cat([embeddings[wording][own] for wording, own in asked.items()]),
        None if conditioning is None else conditioning.take(rows),
    )
    parts = dict(zip(asked, predicted.split([len(own) for own in asked.values()]), strict=True))

    def said(wording: Wording) -> Tensor:
        answers = torch.zeros_like(noise)
        if wording in asked:
            answers[asked[wording]] = parts[wording]
        return answers

    return NoisePredictions(
        said("text"), said("unconditional"), said("negative"), said("source"), noise
    )


def _rows(wording: Wording, timesteps: Tensor) -> Tensor:
    """Views of which a prediction is read."""
    if wording == "negative":
        return torch.nonzero(timesteps >= LOW_NOISE_TIMESTEP)[:, 0]
    return torch.arange(len(timesteps), device=timesteps.device)
