"""Training the demo conditioner: the prior stays as it is, and learns to be led by a body."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from numpy.typing import NDArray
from torch import Tensor

from album2avatar.errors import ModelError
from album2avatar.prior.conditioner import Conditioner
from album2avatar.prior.model import Prior
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.synthetic.bare_bodies import ARRAY_FILE
from album2avatar.training.captions import write_caption
from album2avatar.training.dataset import PeopleDataset, open_dataset
from album2avatar.training.loop import Loop, Trainee, train

_EMBEDDING_CHANNELS = (16, 32, 64)
"""Of the picture's first convolutions; two halvings bring 64 pixels to 16 latents."""


@dataclass(frozen=True)
class LedPeople:
    """A data set with the body under each person's clothes."""

    people: PeopleDataset
    bodies: NDArray[np.uint8]
    """(N, S, S, 3) normals of the bare body as colours."""

    def led_by(self, rows: NDArray[np.int64]) -> Tensor:
        """Bodies (B, S, S, 3) in 0..1."""
        return torch.from_numpy(self.bodies[rows]).float() / 255


@dataclass(frozen=True)
class ConditionerTraining:
    """What decides how the conditioner turns out, next to the loop."""

    seed: int = 0
    batch: int = 16
    normal_share: float = 0.2
    """Share of normal maps; the rest are colour pictures."""
    caption_dropout: float = 0.25
    """Share of empty captions: where nothing is told, the body alone says what stands where."""


@dataclass(frozen=True)
class LedBatch:
    """One training batch."""

    pictures: Tensor
    """(B, 3, S, S) in -1..1."""
    bodies: Tensor
    """(B, S, S, 3) in 0..1."""
    weights: Tensor
    """(B, 1, S, S) loss weights."""
    captions: tuple[str, ...]
    timesteps: Tensor
    """(B,) int."""


def open_led_people(folder: Path) -> LedPeople:
    """Open a data set to which `album2avatar.synthetic.bare_bodies` added the bodies.

    Raises:
        ModelError: a file is missing, or the files don't belong together.
    """
    people = open_dataset(folder)
    try:
        bodies = np.load(folder / ARRAY_FILE, mmap_mode="r")
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder / ARRAY_FILE} can't be read ({error}). Write it with "
            f"python -m album2avatar.synthetic.bare_bodies --data {folder}."
        ) from error
    if bodies.shape != people.images.shape:
        raise ModelError(
            f"{folder / ARRAY_FILE} doesn't belong to the other arrays. Write it again with "
            f"python -m album2avatar.synthetic.bare_bodies --data {folder}."
        )
    return LedPeople(people, bodies)


def make_conditioner(unet: UNet2DConditionModel) -> ControlNetModel:
    """An untrained ControlNet for the demo prior's UNet that changes nothing yet.

    It has no attention, neither to words nor between places: what the words say, the UNet
    knows. Its convolutions start as the UNet's own.
    """
    config: Any = unet.config
    make: Any = ControlNetModel
    network = make(
        in_channels=config["in_channels"],
        block_out_channels=config["block_out_channels"],
        layers_per_block=config["layers_per_block"],
        cross_attention_dim=config["cross_attention_dim"],
        norm_num_groups=config["norm_num_groups"],
        attention_head_dim=config["attention_head_dim"],
        use_linear_projection=config["use_linear_projection"],
        down_block_types=("DownBlock2D",) * len(config["block_out_channels"]),
        mid_block_type="UNetMidBlock2D",
        conditioning_embedding_out_channels=_EMBEDDING_CHANNELS,
    )
    own, source = network.state_dict(), unet.state_dict()
    known = {name: source[name] for name in own if name in source}
    network.load_state_dict(own | known)
    return network


@torch.no_grad()
def open_eyes(network: ControlNetModel, bodies: Tensor) -> None:
    """Let an untrained ControlNet see its pictures as strongly as its latents.

    diffusers starts the layers that read the picture so weak that 0.3 % of what the next layer
    gets differs from picture to picture, and the last of them at zero; it takes thousands of
    steps to get over that. Here each gives zero mean and unit variance in every channel. What
    the network adds to the UNet stays zero.

    Args:
        network: changed in place.
        bodies: (B, S, S, 3) in 0..1, pictures as it will see them.

    Source: Mishkin and Matas 2016, "All you need is a good init".
    """
    embedding: Any = network.controlnet_cond_embedding
    layers = [embedding.conv_in, *embedding.blocks, embedding.conv_out]
    features = bodies.permute(0, 3, 1, 2)
    for layer in layers:
        layer.reset_parameters()
        seen = layer(features)
        mean, deviation = seen.mean((0, 2, 3)), seen.std((0, 2, 3))
        layer.weight /= deviation[:, None, None, None]
        layer.bias.copy_((layer.bias - mean) / deviation)
        features = F.silu(layer(features))


def sample_led_batch(data: LedPeople, training: ConditionerTraining, step: int) -> LedBatch:
    """Draw the batch of a step."""
    generator = numpy_generator(training.seed, "conditioner", step)
    rows = generator.integers(0, len(data.people), training.batch)
    are_normals = generator.random(training.batch) < training.normal_share
    captions = tuple(
        ""
        if generator.random() < training.caption_dropout
        else write_caption(
            data.people.scene(int(row), "normal map" if is_normal else "photo"), generator
        ).text
        for row, is_normal in zip(rows, are_normals, strict=True)
    )
    strata = (np.arange(training.batch) + generator.random(training.batch)) / training.batch
    # Noise levels in proportion to their height: outline and view are decided at the upper ones.
    timesteps = torch.from_numpy((np.sqrt(strata) * 1000).astype(np.int64).clip(0, 999))
    return LedBatch(
        data.people.pictures(rows, are_normals),
        data.led_by(rows),
        data.people.weights(rows),
        captions,
        timesteps,
    )


def train_conditioner(
    prior: Prior,
    data: LedPeople,
    loop: Loop,
    training: ConditionerTraining,
    publish: Callable[[ControlNetModel, int], None],
) -> None:
    """Train from scratch or from the checkpoint.

    Args:
        prior: frozen.
        publish: called after each checkpoint with the network of the averaged weights.
    """
    torch.manual_seed(training.seed)
    network: Any = make_conditioner(prior.unet)
    open_eyes(network, sample_led_batch(data, training, 0).bodies)
    network.to(memory_format=torch.channels_last)
    trainee = Trainee({"conditioner": network}, weight_decay=0.01)
    conditioner = Conditioner(network)

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        batch = sample_led_batch(data, training, step)
        generator = torch_generator(training.seed, "conditioner noise", step)
        return led_loss(prior, conditioner, batch, generator)

    def on_save(step: int) -> None:
        averaged = make_conditioner(prior.unet)
        averaged.load_state_dict(trainee.averaged("conditioner"))
        publish(averaged.eval(), step)

    train(trainee, loop, loss_of_step, on_save)


def led_loss(
    prior: Prior, conditioner: Conditioner, batch: LedBatch, generator: torch.Generator
) -> tuple[Tensor, Mapping[str, float]]:
    """Weighted squared error of the led UNet's output."""
    with torch.no_grad():
        latents = prior.encode_images(batch.pictures.permute(0, 2, 3, 1) / 2 + 0.5)
        embeddings = prior.encode_prompts(batch.captions)
    noise = torch.randn(latents.shape, generator=generator)
    noisy = prior.add_noise(latents, noise, batch.timesteps)
    noisy = noisy.contiguous(memory_format=torch.channels_last)
    residuals = conditioner.residuals(
        noisy, batch.timesteps, prior.conditions(embeddings), batch.bodies
    )
    output = prior.predict(noisy, batch.timesteps, embeddings, residuals)
    error = (output - prior.training_target(latents, noise, batch.timesteps)).square()
    weights = F.adaptive_avg_pool2d(batch.weights, (error.shape[2], error.shape[3]))
    return (error * weights).mean(), {"mse": float(error.detach().mean())}


@torch.no_grad()
def held_out_led_loss(
    prior: Prior,
    conditioner: Conditioner,
    data: LedPeople,
    training: ConditionerTraining,
    batches: int = 8,
) -> float:
    """Mean loss on pictures that were not trained on, always with the same noise."""
    losses = [
        led_loss(
            prior,
            conditioner,
            sample_led_batch(data, training, -1 - index),
            torch_generator(training.seed, "led held out", index),
        )[0]
        for index in range(batches)
    ]
    return float(torch.stack(losses).mean())
