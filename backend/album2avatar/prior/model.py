"""The diffusion model as the stages see it: sentences in, latents, noise and pictures out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from torch import Tensor, nn
from transformers import CLIPTextModel, CLIPTokenizer

from album2avatar.errors import SettingsError
from album2avatar.prior.loading import read_components


@dataclass(frozen=True)
class Prior:
    """A text-conditioned latent diffusion model of the SD-1.x/2.x class.

    Parameters come frozen from `load_prior`; personalisation unfreezes what it trains.
    """

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    scheduler: DDIMScheduler

    @property
    def device(self) -> torch.device:
        """Where the networks live."""
        return next(self.unet.parameters()).device  # unet.device walks all modules, 10 ms

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
    def alphas_cumprod(self) -> Tensor:
        """(T,) share of the picture's variance that is left after each noise step."""
        return self.scheduler.alphas_cumprod.to(self.device)

    @property
    def prompt_limit(self) -> int:
        """Tokens that the text encoder reads, with start and end."""
        return int(self.text_encoder.config.max_position_embeddings)

    def check_prompt_length(self, prompt: str) -> None:
        """Refuse a prompt of which the text encoder would not read the end.

        Raises:
            SettingsError: the prompt has too many tokens.
        """
        count = len(self.tokenizer(prompt).input_ids)
        if count > self.prompt_limit:
            raise SettingsError(
                f"The prompt '{prompt}' has {count} tokens, but the model reads only "
                f"{self.prompt_limit}. Shorten the names of the assets, or name fewer of them."
            )

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:
        """Encode sentences.

        Returns:
            (B, L, C) one embedding per token place. Gradients reach the text encoder
            where it is not frozen.

        Raises:
            SettingsError: a prompt is longer than the model reads.
        """
        for prompt in prompts:
            self.check_prompt_length(prompt)
        tokens = self.tokenizer(
            list(prompts), padding="max_length", max_length=self.prompt_limit, return_tensors="pt"
        )
        return self.text_encoder(tokens.input_ids.to(self.device))[0]

    def encode_images(self, images: Tensor) -> Tensor:
        """Encode pictures to the mean of their latent distribution.

        Args:
            images: (B, H, W, 3) sRGB 0..1, top row first, of any size; resized to the
                model's square, so pass square pictures where proportions matter.

        Returns:
            (B, c, h, w) latents scaled to unit variance, differentiable in `images`.
        """
        size = (self.image_size, self.image_size)
        pixels = images.permute(0, 3, 1, 2)
        if pixels.shape[2:] != size:
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        distribution = self.vae.encode(pixels * 2 - 1, return_dict=False)[0]
        return distribution.mean * self.vae.config["scaling_factor"]

    def decode_latents(self, latents: Tensor) -> Tensor:
        """Decode scaled latents (B, c, h, w) to pictures (B, H, W, 3), sRGB 0..1, top row first."""
        unscaled: Any = latents / self.vae.config["scaling_factor"]
        pixels = self.vae.decode(unscaled, return_dict=False)[0]
        return (pixels.permute(0, 2, 3, 1) / 2 + 0.5).clamp(0, 1)

    def add_noise(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """Noisy latents: sqrt(a) latents + sqrt(1 - a) noise, a being that of `timesteps` (B,)."""
        signal, spread = self._mixing(timesteps)
        return signal * latents + spread * noise

    def training_target(self, latents: Tensor, noise: Tensor, timesteps: Tensor) -> Tensor:
        """What the UNet should say: the noise, or v = sqrt(a) noise - sqrt(1 - a) latents."""
        if self.scheduler.config["prediction_type"] == "epsilon":
            return noise
        signal, spread = self._mixing(timesteps)
        return signal * noise - spread * latents

    def noise_from_output(self, output: Tensor, noisy: Tensor, timesteps: Tensor) -> Tensor:
        """Turn the UNet's output for `noisy` latents into the noise that it implies."""
        if self.scheduler.config["prediction_type"] == "epsilon":
            return output
        signal, spread = self._mixing(timesteps)
        return signal * output + spread * noisy

    @torch.no_grad()
    def predict_noise(self, latents: Tensor, timesteps: Tensor, embeddings: Tensor) -> Tensor:
        """Predict the noise in latents, without gradients.

        Args:
            latents: (B, c, h, w) noisy latents.
            timesteps: (B,) int, 0..T - 1.
            embeddings: (B, L, C) from `encode_prompts`.

        Returns:
            (B, c, h, w), also from a model that predicts v.
        """
        output = self.unet(latents, timesteps, encoder_hidden_states=embeddings).sample
        return self.noise_from_output(output, latents, timesteps)

    def _mixing(self, timesteps: Tensor) -> tuple[Tensor, Tensor]:
        kept = self.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        return kept.sqrt(), (1 - kept).sqrt()


def load_prior(folder: Path, device: torch.device | str = "cpu") -> Prior:
    """Load a latent diffusion model from a diffusers folder, as float32 and frozen.

    Args:
        folder: a folder with `unet`, `vae`, `text_encoder`, `tokenizer` and `scheduler`
            of the SD-1.x/2.x class, with weights as safetensors of any precision.
        device: where the networks go.

    Raises:
        ModelError: a file is missing or damaged, the weights are pickles, or the model is
            of another class.
    """
    parts = read_components(folder)
    networks: list[nn.Module] = [parts.text_encoder, parts.unet, parts.vae]
    for network in networks:
        network.requires_grad_(False).eval().to(device)
        # Convolutions on the CPU are faster with the channels last.
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return Prior(parts.tokenizer, parts.text_encoder, parts.unet, parts.vae, parts.scheduler)
