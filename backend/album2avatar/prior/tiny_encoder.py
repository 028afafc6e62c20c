"""A small encoder beside the prior's own: nearly the same latents for a part of the time.

It is the encoder of an `AutoencoderTiny`, the form in which TAESD and its kin are published (Bohan
2023, "Tiny AutoEncoder for Stable Diffusion"); its decoder is not used.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from torch import Tensor, nn

from album2avatar.errors import ModelError
from album2avatar.prior.network_folder import load_network, read_network_config


@dataclass(frozen=True)
class TinyEncoder:
    """Pictures to the latents of one prior, frozen."""

    network: AutoencoderTiny

    def encode(self, pixels: Tensor) -> Tensor:
        """Scaled latents (B, c, h, w) of pictures (B, 3, H, W) in -1..1; differentiable."""
        # Not through gradient checkpointing: diffusers forgets to rescale its pictures there.
        encoder: Any = self.network.encoder
        latents = encoder(pixels.to(next(encoder.parameters()).dtype)).float()
        return latents * float(self.network.config["scaling_factor"])

    def move(self, device: torch.device | str, precision: torch.dtype) -> None:
        """Bring the network to a device and a precision, in place."""
        nn.Module.to(self.network, device, precision)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def load_tiny_encoder(folder: Path, latent_channels: int, reduction: int) -> TinyEncoder:
    """Load a tiny autoencoder's folder for the encoder in it: frozen, float32, on the CPU.

    Args:
        folder: holds `config.json` and `diffusion_pytorch_model.safetensors`.
        latent_channels: of the prior that will read the latents.
        reduction: pixels along a side that one place of these latents stands for.

    Raises:
        ModelError: a file is missing or damaged, the weights are a pickle (which can run
            code), it is no tiny autoencoder, or one for another kind of latents.
    """
    config = read_network_config(folder, "AutoencoderTiny", "tiny encoder", "AutoencoderTiny")
    _require_fit(folder, config, latent_channels, reduction)
    network = load_network(folder, AutoencoderTiny, "tiny encoder", torch.float32, "encoder.")
    return TinyEncoder(network)


def _require_fit(
    folder: Path, config: Mapping[str, Any], latent_channels: int, reduction: int
) -> None:
    own_channels = int(config.get("latent_channels", 4))
    own_reduction = 2 ** (len(config.get("encoder_block_out_channels", (64,) * 4)) - 1)
    advice = "Choose the tiny encoder that was made for the prior, or none."
    if own_channels != latent_channels:
        raise ModelError(
            f"{folder} makes latents of {own_channels} channels, but the prior reads "
            f"{latent_channels}. {advice}"
        )
    if own_reduction != reduction:
        raise ModelError(
            f"{folder} makes pictures {own_reduction} times smaller, but the prior's own encoder "
            f"{reduction} times. {advice}"
        )
