"""Training the denoising network, with the text encoder following slowly."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import CLIPTextModel, CLIPTokenizer

from album2avatar.prior.model import Prior
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.training.architecture import LATENT_SIZE, make_scheduler, make_unet
from album2avatar.training.captions import write_caption
from album2avatar.training.dataset import PeopleDataset
from album2avatar.training.loop import Loop, Trainee, train


@dataclass(frozen=True)
class UnetTraining:
    """What decides how the UNet turns out, next to the loop."""

    seed: int = 0
    batch: int = 24
    normal_share: float = 0.25
    """Share of normal maps; the rest are colour pictures."""
    caption_dropout: float = 0.1
    """Share of empty captions, for guidance without a classifier."""
    text_rate_scale: float = 0.15
    """The pre-trained text encoder learns at this share of the UNet's rate ..."""
    text_steps: int = 1000
    """... for so many steps; then it stays, which saves a tenth of a step's time."""


@dataclass(frozen=True)
class Batch:
    """One training batch."""

    pictures: Tensor
    """(B, 3, S, S) in -1..1."""
    weights: Tensor
    """(B, 1, h, w) loss weights at the latents' size."""
    captions: tuple[str, ...]
    timesteps: Tensor
    """(B,) int, one from each of B equal parts of the schedule."""


def sample_batch(dataset: PeopleDataset, training: UnetTraining, step: int) -> Batch:
    """Draw the batch of a step."""
    generator = numpy_generator(training.seed, "unet", step)
    rows = generator.integers(0, len(dataset), training.batch)
    are_normals = generator.random(training.batch) < training.normal_share
    captions = tuple(
        ""
        if generator.random() < training.caption_dropout
        else write_caption(
            dataset.scene(int(row), "normal map" if is_normal else "photo"), generator
        ).text
        for row, is_normal in zip(rows, are_normals, strict=True)
    )
    strata = (np.arange(training.batch) + generator.random(training.batch)) / training.batch
    timesteps = torch.from_numpy((strata * 1000).astype(np.int64).clip(0, 999))
    weights = F.adaptive_avg_pool2d(dataset.weights(rows), LATENT_SIZE)
    return Batch(dataset.pictures(rows, are_normals), weights, captions, timesteps)


def train_unet(
    dataset: PeopleDataset,
    tokenizer: CLIPTokenizer,
    text_encoder: CLIPTextModel,
    vae: Any,
    loop: Loop,
    training: UnetTraining,
    publish: Callable[[Prior, int], None],
) -> None:
    """Train from scratch or from the checkpoint.

    Args:
        publish: called after each checkpoint with the prior made of the averaged weights.
    """
    torch.manual_seed(training.seed)
    unet: Any = make_unet()
    unet.to(memory_format=torch.channels_last)
    vae.requires_grad_(False).eval().to(memory_format=torch.channels_last)
    text_encoder.requires_grad_(True).train()
    prior = Prior(tokenizer, text_encoder, unet, vae, make_scheduler())
    trainee = Trainee(
        {"unet": unet, "text_encoder": text_encoder},
        weight_decay=0.01,
        rate_scales={"text_encoder": training.text_rate_scale},
    )

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        text_encoder.requires_grad_(step < training.text_steps)
        batch = sample_batch(dataset, training, step)
        generator = torch_generator(training.seed, "unet noise", step)
        return denoising_loss(prior, batch, generator)

    def on_save(step: int) -> None:
        averaged: Any = make_unet()
        averaged.load_state_dict(trainee.averaged("unet"))
        words = CLIPTextModel(text_encoder.config)
        words.load_state_dict(trainee.averaged("text_encoder"))
        publish(Prior(tokenizer, words.eval(), averaged.eval(), vae, prior.scheduler), step)

    train(trainee, loop, loss_of_step, on_save)


def denoising_loss(
    prior: Prior, batch: Batch, generator: torch.Generator
) -> tuple[Tensor, Mapping[str, float]]:
    """Weighted squared error of the UNet's output."""
    with torch.no_grad():
        moments = prior.vae.encode(batch.pictures, return_dict=False)[0]
        mean, log_variance = moments.parameters.chunk(2, dim=1)
        jitter = torch.randn(mean.shape, generator=generator)
        latents = mean + jitter * (0.5 * log_variance.clamp(-20, 6)).exp()
        latents = latents * prior.vae.config["scaling_factor"]
    noise = torch.randn(latents.shape, generator=generator)
    noisy = prior.add_noise(latents, noise, batch.timesteps)
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    embeddings = prior.encode_prompts(batch.captions)
    output = prior.predict(noisy, batch.timesteps, embeddings)
    error = (output - prior.training_target(latents, noise, batch.timesteps)).square()
    return (error * batch.weights).mean(), {"mse": float(error.detach().mean())}


@torch.no_grad()
def held_out_loss(
    prior: Prior, dataset: PeopleDataset, training: UnetTraining, batches: int = 8
) -> float:
    """Mean loss on pictures that were not trained on, always with the same noise."""
    losses = [
        denoising_loss(
            prior,
            sample_batch(dataset, training, -1 - index),
            torch_generator(training.seed, "held out", index),
        )[0]
        for index in range(batches)
    ]
    return float(torch.stack(losses).mean())
