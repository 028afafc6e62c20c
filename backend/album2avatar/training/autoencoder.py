"""Training the demo prior's autoencoder on colour pictures and normal maps."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import Tensor, nn

from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.training.architecture import (
    IMAGE_SIZE,
    LATENT_CHANNELS,
    LATENT_SIZE,
    make_autoencoder,
)
from album2avatar.training.dataset import PeopleDataset
from album2avatar.training.loop import Loop, Trainee, train

_PATCH = IMAGE_SIZE // LATENT_SIZE
"""Pixels along a side that one place of the latents stands for."""
_KL_WEIGHT = 2e-5
"""Keeps latents near a unit Gaussian without costing sharpness."""
_COLOR_CHANNELS = 3
_COLOR_WEIGHT = 0.3
"""Draws the first three channels of the latents to the picture's colours, averaged over 4 x 4
pixels. Without it, 1,200 steps left purple and green out of the latents (PSNR 21 dB)."""
_DETAIL_WEIGHT = 0.1
_DETAIL_STEPS = 1500
"""The other channels begin as the principal components of what is left of those 4 x 4 pixels.
The pull fades out over so many steps: from then on the decoder's wishes decide."""
_DETAIL_DEVIATION = 0.6
"""Of the detail channels' latents, next to 1 of the colours: noise drowns details before
colours, as in pictures, and most of the UNet's attention goes to colours and outlines."""
_EDGE_WEIGHT = 0.3
_ABSOLUTE_WEIGHT = 0.3


@dataclass(frozen=True)
class AutoencoderTraining:
    """What decides how the autoencoder turns out, next to the loop."""

    seed: int = 0
    batch: int = 8
    """Small: on a slow CPU the number of updates counts more than their smoothness."""
    normal_share: float = 0.3
    """Share of normal maps; the rest are colour pictures."""


def train_autoencoder(
    dataset: PeopleDataset, loop: Loop, training: AutoencoderTraining
) -> AutoencoderKL:
    """Train from scratch or from the checkpoint; returns the averaged network."""
    torch.manual_seed(training.seed)
    network: Any = make_autoencoder()
    with torch.no_grad():
        # Start with little noise in the latents, so that the decoder learns from them at once.
        network.quant_conv.bias[LATENT_CHANNELS:] = -5.0
        network.quant_conv.weight[LATENT_CHANNELS:] *= 0.1
    network.to(memory_format=torch.channels_last)
    trainee = Trainee({"vae": network}, weight_decay=0.0)
    components = detail_components(dataset, training, LATENT_CHANNELS - _COLOR_CHANNELS)

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        pictures, weights = _draw(dataset, training, "autoencoder", step)
        mean, log_variance = _encode(network, pictures)
        noise = torch.randn(
            mean.shape, generator=torch_generator(training.seed, "autoencoder noise", step)
        )
        decoded = network.decode(mean + noise * (0.5 * log_variance).exp()).sample
        guides = guide_latents(pictures, components)
        off = (mean - guides).square().mean((0, 2, 3))
        colors, details = off[:_COLOR_CHANNELS].mean(), off[_COLOR_CHANNELS:].mean()
        pull = _DETAIL_WEIGHT * max(0.0, 1 - step / _DETAIL_STEPS)
        divergence = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean()
        error = decoded - pictures
        loss = _picture_loss(error, weights) + _KL_WEIGHT * divergence
        loss = loss + _COLOR_WEIGHT * colors + pull * details
        metrics = {"mse": error.square().mean(), "colors": colors, "kl": divergence}
        return loss, {name: float(value.detach()) for name, value in metrics.items()}

    train(trainee, loop, loss_of_step)
    network.load_state_dict(trainee.averaged("vae"))
    normalize_latents(network, dataset, training)
    return network


def train_decoder(
    network: AutoencoderKL, dataset: PeopleDataset, loop: Loop, training: AutoencoderTraining
) -> None:
    """Train the decoder alone, in place, on the latents that the encoder gives.

    The latents stay what they are, so a UNet that paints them remains valid. The pictures
    become sharper, as far as the latents hold what they need.
    """
    vae: Any = network
    vae.requires_grad_(False)
    vae.to(memory_format=torch.channels_last)
    decoder = nn.ModuleDict({"decoder": vae.decoder, "post_quant_conv": vae.post_quant_conv})
    decoder.requires_grad_(True)
    trainee = Trainee({"decoder": decoder}, weight_decay=0.0)

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        pictures, weights = _draw(dataset, training, "decoder", step)
        with torch.no_grad():
            mean, log_variance = _encode(network, pictures)
            generator = torch_generator(training.seed, "decoder noise", step)
            noise = torch.randn(mean.shape, generator=generator)
            latents = mean + noise * (0.5 * log_variance).exp()
        error = vae.decode(latents).sample - pictures
        return _picture_loss(error, weights), {"mse": float(error.detach().square().mean())}

    train(trainee, loop, loss_of_step)
    decoder.load_state_dict(trainee.averaged("decoder"))


def _draw(
    dataset: PeopleDataset, training: AutoencoderTraining, purpose: str, step: int
) -> tuple[Tensor, Tensor]:
    """Pictures (B, 3, S, S) in -1..1 and loss weights (B, 1, S, S) of a step.

    Half of the batches are mirrored.
    """
    generator = numpy_generator(training.seed, purpose, step)
    rows = generator.integers(0, len(dataset), training.batch)
    are_normals = generator.random(training.batch) < training.normal_share
    pictures, weights = dataset.pictures(rows, are_normals), dataset.weights(rows)
    if generator.random() < 0.5:
        return pictures.flip(-1), weights.flip(-1)
    return pictures, weights


def _encode(network: Any, pictures: Tensor) -> tuple[Tensor, Tensor]:
    mean, log_variance = network.encode(pictures).latent_dist.parameters.chunk(2, dim=1)
    return mean, log_variance.clamp(-20, 6)


@torch.no_grad()
def detail_components(
    dataset: PeopleDataset, training: AutoencoderTraining, count: int, pictures: int = 2048
) -> Tensor:
    """Principal components of 4 x 4 pixels without their mean colour.

    Returns:
        (count, 3 * 4 * 4), the strongest first; a picture's detail is worth one deviation.
    """
    generator = numpy_generator(training.seed, "detail components")
    rows = generator.integers(0, len(dataset), pictures)
    are_normals = generator.random(pictures) < training.normal_share
    details = _details(dataset.pictures(rows, are_normals)).transpose(1, 2).flatten(0, 1)
    values, vectors = torch.linalg.eigh(details.T @ details / len(details))
    return (vectors / values.clamp(min=1e-8).sqrt()).T.flip(0)[:count]


def guide_latents(pictures: Tensor, components: Tensor) -> Tensor:
    """Mean colours and details (B, 3 + C, s, s) of every 4 x 4 pixels of pictures (B, 3, S, S)."""
    colors = F.avg_pool2d(pictures, _PATCH)
    details = components @ _details(pictures)  # (B, C, s * s)
    return torch.cat([colors, details.unflatten(2, colors.shape[-2:])], dim=1)


def _details(pictures: Tensor) -> Tensor:
    """(B, 3 * 4 * 4, s * s): pixels of pictures (B, 3, S, S), less the mean colour around."""
    colors = F.avg_pool2d(pictures, _PATCH).repeat_interleave(_PATCH, 2)
    rest = pictures - colors.repeat_interleave(_PATCH, 3)
    return F.unfold(rest, _PATCH, stride=_PATCH)


def _picture_loss(error: Tensor, weights: Tensor) -> Tensor:
    squared = (weights * error.square()).mean()
    absolute = (weights * error.abs()).mean()
    # Differences between neighbours: what is left blurred costs twice.
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return squared + _ABSOLUTE_WEIGHT * absolute + _EDGE_WEIGHT * edges


@torch.no_grad()
def normalize_latents(
    network: Any, dataset: PeopleDataset, training: AutoencoderTraining, count: int = 512
) -> None:
    """Give every latent channel mean 0 and a known deviation over the data set, without any loss.

    The change goes into the two 1 x 1 convolutions around the latents. Otherwise the details
    (deviation 1.9 against 0.5 of the colours) take most of the UNet's attention, and colours
    drown in the noise too early.
    """
    generator = numpy_generator(training.seed, "latent deviation")
    rows = generator.integers(0, len(dataset), count)
    are_normals = generator.random(count) < training.normal_share
    pieces = [
        network.encode(dataset.pictures(rows[i : i + 64], are_normals[i : i + 64])).latent_dist.mean
        for i in range(0, count, 64)
    ]
    latents = torch.cat(pieces)
    center, deviation = latents.mean((0, 2, 3)), latents.std((0, 2, 3))
    deviation[_COLOR_CHANNELS:] /= _DETAIL_DEVIATION
    half = len(center)
    before, after = network.quant_conv, network.post_quant_conv
    before.weight[:half] /= deviation.view(-1, 1, 1, 1)
    before.bias[:half] = (before.bias[:half] - center) / deviation
    before.bias[half:] -= 2 * deviation.log()
    after.bias += after.weight[:, :, 0, 0] @ center
    after.weight *= deviation.view(1, -1, 1, 1)


@torch.no_grad()
def reconstruct(network: Any, pictures: Tensor) -> Tensor:
    """Encode and decode pictures (B, 3, S, S) in -1..1 without noise."""
    return network.decode(network.encode(pictures).latent_dist.mean).sample.clamp(-1, 1)


def peak_signal_to_noise(decoded: Tensor, pictures: Tensor) -> float:
    """PSNR in decibel of pictures in -1..1."""
    return float(10 * torch.log10(4 / (decoded - pictures).square().mean()))
