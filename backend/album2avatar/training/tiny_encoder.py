"""Training the demo prior's tiny encoder: it learns to say what the prior's own encoder says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor

from album2avatar.guidance.distillation import distillation_loss
from album2avatar.guidance.gradients import Rule
from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.model import Prior
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.training.captions import write_caption
from album2avatar.training.dataset import PeopleDataset
from album2avatar.training.loop import Loop, Trainee, train

_WIDTH = 32
_BLOCKS = (0, 1, 2)
"""At 64², 32² and 16². None at full size, where a block costs as much as all that follows."""
_STUB_WIDTH = 4
"""Of the decoder, which the format wants and nobody uses."""
_STRONGEST_NOISE = 0.15
"""Half-way through an optimisation pictures are no renderings yet; and what a little noise changes
is the gradient, which is what the encoder is for."""


@dataclass(frozen=True)
class TinyEncoderTraining:
    """What decides how the tiny encoder turns out, next to the loop."""

    seed: int = 0
    batch: int = 16
    normal_share: float = 0.5
    """Share of normal maps: half of what guidance encodes."""


@dataclass(frozen=True)
class Agreement:
    """How near a tiny encoder comes to the prior's own."""

    latent_error: float
    """Root mean square difference of the latents over that of the latents themselves."""
    pixel_cosine: float
    """Mean cosine between the distillation's gradients by the pictures."""
    coarse_cosine: float
    """The same after means over 4 x 4 pixels, the size of a place of the latents."""


def make_tiny_encoder(prior: Prior) -> AutoencoderTiny:
    """An untrained tiny autoencoder of the prior's latents; its decoder is a stub."""
    halvings = len(prior.vae.config["block_out_channels"]) - 1
    make: Any = AutoencoderTiny
    return make(
        encoder_block_out_channels=(_WIDTH,) * (halvings + 1),
        decoder_block_out_channels=(_STUB_WIDTH,) * (halvings + 1),
        num_encoder_blocks=_BLOCKS,
        num_decoder_blocks=(0,) * halvings + (1,),
        latent_channels=prior.latent_channels,
    )


def train_tiny_encoder(
    prior: Prior, dataset: PeopleDataset, loop: Loop, training: TinyEncoderTraining
) -> AutoencoderTiny:
    """Train from scratch or from the checkpoint; returns the averaged network."""
    torch.manual_seed(training.seed)
    network: Any = make_tiny_encoder(prior)
    network.to(memory_format=torch.channels_last)
    trainee = Trainee({"encoder": network.encoder}, weight_decay=0.0)

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        pictures = draw_pictures(dataset, training, step)
        with torch.no_grad():
            wanted = prior.encode_images(pictures.permute(0, 2, 3, 1) / 2 + 0.5)
        error = F.mse_loss(network.encoder(pictures), wanted)
        return error, {"relative": float(error.detach() / wanted.square().mean()) ** 0.5}

    train(trainee, loop, loss_of_step)
    network.encoder.load_state_dict(trainee.averaged("encoder"))
    return network.requires_grad_(False).eval()


def draw_pictures(dataset: PeopleDataset, training: TinyEncoderTraining, step: int) -> Tensor:
    """Pictures (B, 3, S, S) in -1..1 of a step, some mirrored, most with noise, some in wrong
    colours."""
    generator = numpy_generator(training.seed, "tiny encoder", step)
    rows = generator.integers(0, len(dataset), training.batch)
    are_normals = generator.random(training.batch) < training.normal_share
    pictures = dataset.pictures(rows, are_normals)
    if generator.random() < 0.5:
        pictures = pictures.flip(-1)
    if generator.random() < 0.25:
        pictures = pictures[:, torch.from_numpy(generator.permutation(3))]
    noise = torch.randn(
        pictures.shape, generator=torch_generator(training.seed, "tiny encoder noise", step)
    )
    strength = torch.from_numpy(generator.random(training.batch).astype(np.float32))
    noisy = pictures + _STRONGEST_NOISE * strength.square().view(-1, 1, 1, 1) * noise
    return noisy.clamp(-1, 1).contiguous(memory_format=torch.channels_last)


def measure_agreement(
    prior: Prior, quick: Prior, dataset: PeopleDataset, normals: bool, count: int = 64
) -> Agreement:
    """Compare two priors that differ in how they encode, on pictures of a data set.

    The gradients are those of score distillation under each picture's own caption, with the same
    noise for both.
    """
    rows = numpy_generator(0, "agreement").choice(len(dataset), count, replace=False)
    pictures = dataset.pictures(rows, np.full(count, normals)).permute(0, 2, 3, 1) / 2 + 0.5
    generator = numpy_generator(0, "agreement captions")
    style = "normal map" if normals else "photo"
    captions = [write_caption(dataset.scene(int(row), style), generator).text for row in rows]
    with torch.no_grad():
        empty = prior.encode_prompts([""]).expand(1)
        texts = [prior.encode_prompts([caption]) for caption in captions]
        true, approximate = prior.encode_images(pictures), quick.encode_images(pictures)
    pixel: list[Tensor] = []
    coarse: list[Tensor] = []
    for index in range(count):
        gradients = [
            _image_gradient(asked, pictures[index : index + 1], texts[index], empty, index)
            for asked in (prior, quick)
        ]
        flat = [gradient.permute(0, 3, 1, 2) for gradient in gradients]
        pixel.append(_cosine(flat[0], flat[1]))
        coarse.append(_cosine(F.avg_pool2d(flat[0], 4), F.avg_pool2d(flat[1], 4)))
    error = (approximate - true).square().mean() / true.square().mean()
    return Agreement(
        float(error.sqrt()), float(torch.stack(pixel).mean()), float(torch.stack(coarse).mean())
    )


def _image_gradient(
    prior: Prior, picture: Tensor, text: TextEmbeddings, empty: TextEmbeddings, index: int
) -> Tensor:
    image = picture.clone().requires_grad_()
    loss = distillation_loss(
        prior,
        image,
        {"text": text, "unconditional": empty},
        torch.tensor([100 + 12 * (index % 64)]),
        torch_generator(0, "agreement noise", index),
        Rule("sds", 7.5),
    ).loss
    return torch.autograd.grad(loss, image)[0]


def _cosine(first: Tensor, second: Tensor) -> Tensor:
    return F.cosine_similarity(first.flatten(), second.flatten(), dim=0)
