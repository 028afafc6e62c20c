"""The diffusion model as the stages see it: sentences in, latents, noise and pictures out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from album2avatar.errors import SettingsError
from album2avatar.prior.conditioner import Conditioning, Residuals
from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.loading import read_components
from album2avatar.prior.parametrization import Prediction, noise_from_output, training_target
from album2avatar.prior.tiny_encoder import TinyEncoder

LEAST_SIGNAL = 2.0**-24
"""Smallest share of the picture that a noise step may leave: at none, nothing could be denoised.
The value is that of diffusers' Euler scheduler for models trained down to pure noise."""


class Reader(NamedTuple):
    """One of the prior's text encoders with its tokenizer."""

    tokenizer: CLIPTokenizer
    encoder: CLIPTextModel | CLIPTextModelWithProjection

    @property
    def limit(self) -> int:
        """Tokens that the encoder reads, with start and end."""
        return int(self.encoder.config.max_position_embeddings)


@dataclass(frozen=True)
class Prior:
    """A text-conditioned latent diffusion model of the SD-1.x/2.x class or of the SDXL class.

    The SDXL class has a second text encoder. Parameters come frozen from `load_prior`;
    personalisation unfreezes what it trains.
    """

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    scheduler: DDIMScheduler
    tokenizer_2: CLIPTokenizer | None = None
    text_encoder_2: CLIPTextModelWithProjection | None = None
    empty_prompt_is_zero: bool = False
    """Whether the empty prompt is embedded as zeros, as the SDXL class was trained."""
    tiny_encoder: TinyEncoder | None = None
    """Encodes pictures in the autoencoder's place where there is one."""

    @property
    def readers(self) -> tuple[Reader, ...]:
        """The text encoders: one in the SD class, two in the SDXL class."""
        first = Reader(self.tokenizer, self.text_encoder)
        if self.tokenizer_2 is None or self.text_encoder_2 is None:
            return (first,)
        return (first, Reader(self.tokenizer_2, self.text_encoder_2))

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return next(self.unet.parameters()).device  # unet.device walks all modules, 10 ms

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        """All of them."""
        return (*(reader.encoder for reader in self.readers), self.unet, self.vae)

    def move(self, device: torch.device | str, precision: torch.dtype) -> None:
        """Bring the networks to a device and a precision, in place.

        Pictures, latents and noise stay float32 outside of the networks whatever the precision.
        """
        for network in self.networks:
            # Not network.to: diffusers' own warns at every change of precision.
            nn.Module.to(network, device, precision)
            # Convolutions on the CPU are faster with the channels last.
            network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        if self.tiny_encoder is not None:
            self.tiny_encoder.move(device, precision)

    def compile(self) -> None:
        """Compile the UNet, in place, when it is first used.

        The number of rows stays dynamic, because the number of views that an adapter judges
        changes. The encoder gained nothing by it (`benchmarks/compile_prior.py`).
        """
        self.unet.compile(dynamic=True)

    def enable_gradient_checkpointing(self) -> None:
        """Compute activations of UNet and autoencoder twice instead of keeping them.

        Only where gradients are wanted; results stay as they are.
        """
        self.unet.enable_gradient_checkpointing()
        self.vae.enable_gradient_checkpointing()

    @property
    def latent_channels(self) -> int:
        """Channels of a latent, 4 in every known model."""
        return int(self.vae.config["latent_channels"])

    @property
    def latent_size(self) -> int:
        """Height and width of a latent."""
        return int(self.unet.config["sample_size"])

    @property
    def image_size(self) -> int:
        """Height and width of a picture, pixels."""
        return self.latent_size * 2 ** (len(self.vae.config["block_out_channels"]) - 1)

    @property
    def size_multiple(self) -> int:
        """What the height and width of any picture are multiples of, for autoencoder and UNet to
        halve them evenly; 64 in the SD class."""
        halvings = len(self.vae.config["block_out_channels"]) - 1
        return 2 ** (halvings + len(self.unet.config["block_out_channels"]) - 1)

    @property
    def alphas_cumprod(self) -> Tensor:
        """(T,) share of the picture's variance that is left after each noise step."""
        return self.scheduler.alphas_cumprod.clamp(min=LEAST_SIGNAL).to(self.device)

    @property
    def prompt_limit(self) -> int:
        """Tokens that every text encoder reads, with start and end."""
        return min(reader.limit for reader in self.readers)

    def check_prompt_length(self, prompt: str) -> None:
        """Refuse a prompt of which a text encoder would not read the end.

        Raises:
            SettingsError: the prompt has too many tokens.
        """
        for tokenizer, _ in self.readers:
            count = len(tokenizer(prompt).input_ids)
            if count > self.prompt_limit:
                raise SettingsError(
                    f"The prompt '{prompt}' has {count} tokens, but the model reads only "
                    f"{self.prompt_limit}. Shorten the names of the assets, or name fewer of them."
                )

    def encode_prompts(self, prompts: Sequence[str]) -> TextEmbeddings:
        """Encode sentences.

        Returns:
            B rows. Gradients reach the text encoders where they are not frozen.

        Raises:
            SettingsError: a prompt is longer than the model reads.

        Source: for the SDXL class Podell et al. 2023, "SDXL", section 2.1: the last layer but one
            of both encoders, and the pooled output of the second.
        """
        if self.text_encoder_2 is None:
            return TextEmbeddings(self.text_encoder(self._token_ids(self.readers[0], prompts))[0])
        read = [
            reader.encoder(self._token_ids(reader, prompts), output_hidden_states=True)
            for reader in self.readers
        ]
        hidden = torch.cat([output.hidden_states[-2] for output in read], dim=-1)
        embeddings = TextEmbeddings(hidden, read[1].text_embeds)
        return (
            _with_empty_as_zeros(embeddings, prompts) if self.empty_prompt_is_zero else embeddings
        )

    def encode_images(self, images: Tensor, size: int | None = None) -> Tensor:
        """Encode pictures to the mean of their latent distribution.

        Args:
            images: (B, H, W, 3) sRGB 0..1, top row first, of any size and on any device; resized
                to a square, so pass square pictures where proportions matter.
            size: of the square, pixels, a multiple of `size_multiple`; `image_size` where None.

        Returns:
            (B, c, h, w) latents scaled to unit variance, differentiable in `images`.
        """
        square = (size or self.image_size,) * 2
        pixels = images.to(self.device).permute(0, 3, 1, 2)
        if pixels.shape[2:] != square:
            pixels = F.interpolate(pixels, square, mode="bilinear", antialias=True)
        if self.tiny_encoder is not None:
            return self.tiny_encoder.encode(pixels * 2 - 1)
        distribution = self.vae.encode(
            (pixels * 2 - 1).to(_precision(self.vae)), return_dict=False
        )[0]
        return distribution.mean.float() * self.vae.config["scaling_factor"]

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Decode scaled latents (B, c, h, w) to pictures (B, H, W, 3), sRGB 0..1, top row first."""
        unscaled: Any = latents / self.vae.config["scaling_factor"]
        pixels = self.vae.decode(unscaled.to(_precision(self.vae)), return_dict=False)[0].float()
        return (pixels.permute(0, 2, 3, 1) / 2 + 0.5).clamp(0, 1)

    def add_noise(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Noisy latents: sqrt(a) latents + sqrt(1 - a) noise, a being that of `timesteps` (B,)."""
        signal = self._signal(timesteps)
        return signal.sqrt() * latents + (1 - signal).sqrt() * noise

    def training_target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the UNet should say: the noise, or v = sqrt(a) noise - sqrt(1 - a) latents."""
        return training_target(self._prediction, latents, noise, self._signal(timesteps))

    def noise_from_output(self, output: Tensor, noisy: Tensor, timesteps: Tensor) -> Tensor:
        """Turn the UNet's output for `noisy` latents into the noise that it implies."""
        return noise_from_output(self._prediction, output, noisy, self._signal(timesteps))

    def predict(
        self,
        noisy: Tensor,
        timesteps: Tensor,
        embeddings: TextEmbeddings,
        residuals: Residuals | None = None,
    ) -> Tensor:
        """Ask the UNet; gradients reach whatever is not frozen.

        Args:
            noisy: (B, c, h, w) noisy latents.
            timesteps: (B,) int, 0..T - 1.
            embeddings: of B sentences, from `encode_prompts`.
            residuals: what a conditioner says of the same latents.

        Returns:
            (B, c, h, w) float32, the noise or v: to be compared with `training_target`.
        """
        noisy = noisy.to(_precision(self.unet))
        conditions = self.conditions(embeddings)
        if residuals is not None:
            conditions |= residuals.as_conditions()
        return self.unet(noisy, timesteps, **conditions).sample.float()

    def conditions(self, embeddings: TextEmbeddings) -> dict[str, Any]:
        """Sentences as the keyword arguments that the UNet takes, and networks beside it.

        In the SDXL class with the sizes of training pictures, for which stand those of a picture
        that was neither enlarged nor cropped (Podell et al. 2023, section 2.2).
        """
        precision = _precision(self.unet)
        conditions: dict[str, Any] = {"encoder_hidden_states": embeddings.hidden.to(precision)}
        if embeddings.pooled is not None:
            size = float(self.image_size)
            sizes = torch.tensor([size, size, 0.0, 0.0, size, size], device=self.device)
            conditions["added_cond_kwargs"] = {
                "text_embeds": embeddings.pooled.to(precision),
                "time_ids": sizes.expand(len(embeddings), -1),
            }
        return conditions

    @torch.no_grad()
    def predict_noise(
        self,
        latents: Tensor,
        timesteps: Tensor,
        embeddings: TextEmbeddings,
        conditioning: Conditioning | None = None,
    ) -> Tensor:
        """Predict the noise in latents, without gradients.

        Args:
            latents: (B, c, h, w) noisy latents.
            timesteps: (B,) int, 0..T - 1.
            embeddings: of B sentences, from `encode_prompts`.
            conditioning: pictures that lead the prediction, one for each latent or for each of a
                round that the latents repeat.

        Returns:
            (B, c, h, w), also from a model that predicts v.
        """
        residuals = None
        if conditioning is not None:
            residuals = conditioning.residuals(latents, timesteps, self.conditions(embeddings))
        output = self.predict(latents, timesteps, embeddings, residuals)
        return self.noise_from_output(output, latents, timesteps)

    def _token_ids(self, reader: Reader, prompts: Sequence[str]) -> Tensor:
        limit = self.prompt_limit
        tokens = reader.tokenizer(list(prompts), padding="max_length", max_length=limit).input_ids
        for prompt, ids in zip(prompts, tokens, strict=True):
            if len(ids) > limit:
                self.check_prompt_length(prompt)
        return torch.tensor(tokens, device=self.device)

    @property
    def _prediction(self) -> Prediction:
        return self.scheduler.config["prediction_type"]

    def _signal(self, timesteps: Tensor) -> Tensor:
        return self.alphas_cumprod[timesteps].view(-1, 1, 1, 1)


def load_prior(
    folder: Path, device: torch.device | str = "cpu", precision: torch.dtype = torch.float32
) -> Prior:
    """Load a latent diffusion model from a diffusers folder, frozen.

    Args:
        folder: of the SD-1.x/2.x class (`unet`, `vae`, `text_encoder`, `tokenizer`,
            `scheduler`) or of the SDXL class (also `text_encoder_2`, `tokenizer_2`), with
            weights as safetensors of any precision.
        device: where the networks go.
        precision: of the networks.

    Raises:
        ModelError: a file is missing or damaged, the weights are pickles, or the model is
            of another class.
    """
    parts = read_components(folder)
    prior = Prior(
        parts.tokenizer,
        parts.text_encoder,
        parts.unet,
        parts.vae,
        parts.scheduler,
        parts.tokenizer_2,
        parts.text_encoder_2,
        parts.empty_prompt_is_zero,
    )
    for network in prior.networks:
        network.requires_grad_(False).eval()
    prior.move(device, precision)
    return prior


def _precision(network: nn.Module) -> torch.dtype:
    return next(network.parameters()).dtype


def _with_empty_as_zeros(embeddings: TextEmbeddings, prompts: Sequence[str]) -> TextEmbeddings:
    assert embeddings.pooled is not None
    has_words = torch.tensor([bool(prompt) for prompt in prompts], device=embeddings.hidden.device)
    return TextEmbeddings(
        torch.where(has_words[:, None, None], embeddings.hidden, 0.0),
        torch.where(has_words[:, None], embeddings.pooled, 0.0),
    )
