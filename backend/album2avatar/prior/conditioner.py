"""Leading the prior by a picture of the body: networks in diffusers' ControlNet format.

The picture holds camera-space normals of the unclothed body as `n/2 + 1/2` over grey, from
the view that is to be sampled: what the project's own conditioner was trained on.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.models.controlnets.controlnet import ControlNetModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

from album2avatar.errors import ModelError
from album2avatar.prior.network_folder import load_network, read_network_config

_SHARED_KEYS = ("in_channels", "block_out_channels", "layers_per_block", "cross_attention_dim")
"""Values of a UNet's configuration that its conditioners have in common with it."""


@dataclass(frozen=True)
class Residuals:
    """What a conditioner adds to the features of a UNet."""

    down: tuple[Tensor, ...]
    """One for each skip connection, each (B, c, h, w) of that connection's size."""
    middle: Tensor
    """(B, c, h, w) of the middle block's size."""

    def as_conditions(self) -> dict[str, Any]:
        """The keyword arguments that the UNet takes."""
        return {
            "down_block_additional_residuals": self.down,
            "mid_block_additional_residual": self.middle,
        }


@dataclass(frozen=True)
class Conditioner:
    """A network that turns a picture into residuals of the prior's UNet."""

    network: ControlNetModel

    @property
    def image_size_factor(self) -> int:
        """How many times smaller a latent is than the picture that the network reads."""
        channels = self.network.config["conditioning_embedding_out_channels"]
        return 2 ** (len(channels) - 1)

    def residuals(
        self,
        latents: Tensor,
        timesteps: Tensor,
        conditions: Mapping[str, Any],
        pictures: Tensor,
        strength: float = 1.0,
    ) -> Residuals:
        """What the network says of noisy latents; differentiable in its parameters.

        Args:
            latents: (B, c, h, w) noisy latents.
            timesteps: (B,) int.
            conditions: what else the UNet is told, from `Prior.conditions`.
            pictures: (B, H, W, 3) in 0..1, row 0 at the top; resized to fit the latents.
            strength: factor on the residuals; 0 leaves the prior as it is.
        """
        size = [side * self.image_size_factor for side in latents.shape[2:]]
        pixels = pictures.permute(0, 3, 1, 2)
        if list(pixels.shape[2:]) != size:
            pixels = F.interpolate(pixels, size, mode="bilinear", antialias=True)
        network: Any = self.network
        precision = next(self.network.parameters()).dtype
        down, middle = network(
            latents.to(precision),
            timesteps,
            controlnet_cond=pixels.to(precision),
            conditioning_scale=strength,
            return_dict=False,
            **conditions,
        )
        return Residuals(tuple(down), middle)


@dataclass(frozen=True)
class Conditioning:
    """Pictures that lead a batch of samples."""

    conditioner: Conditioner
    pictures: Tensor
    """(B, H, W, 3) in 0..1, row 0 at the top."""
    strength: float = 1.0
    """Factor on the residuals; 0 leaves the prior as it is."""

    def take(self, rows: Tensor) -> "Conditioning":
        """The pictures of some samples, (N,) int64; a sample may come more than once."""
        chosen = self.pictures[rows.to(self.pictures.device)]
        return Conditioning(self.conditioner, chosen, self.strength)

    @torch.no_grad()
    def residuals(
        self, latents: Tensor, timesteps: Tensor, conditions: Mapping[str, Any]
    ) -> Residuals:
        """Residuals for latents of which there may be a whole number of rounds of B.

        Classifier-free guidance asks twice of each sample; both are led by its picture.
        """
        rounds = len(latents) // len(self.pictures)
        pictures = self.pictures.repeat(rounds, 1, 1, 1).to(latents)
        return self.conditioner.residuals(latents, timesteps, conditions, pictures, self.strength)


def load_conditioner(folder: Path, unet: UNet2DConditionModel) -> Conditioner:
    """Load a ControlNet folder for a prior's UNet: frozen, where it is and in its precision.

    Args:
        folder: holds `config.json` and `diffusion_pytorch_model.safetensors`.
        unet: of the prior that is to be led.

    Raises:
        ModelError: a file is missing or damaged, the weights are a pickle (which can run
            code), it is no ControlNet, or one for another UNet.
    """
    config = read_network_config(folder, "ControlNetModel", "conditioner", "ControlNet")
    _require_fit(folder, config, unet)
    network = load_network(folder, ControlNetModel, "conditioner", unet.dtype)
    network.to(unet.device)
    network.to(memory_format=torch.channels_last)
    return Conditioner(network)


def _require_fit(folder: Path, config: Mapping[str, Any], unet: UNet2DConditionModel) -> None:
    for key in _SHARED_KEYS:
        own, other = config.get(key), unet.config[key]
        own = tuple(own) if isinstance(own, list) else own
        other = tuple(other) if isinstance(other, list) else other
        if own != other:
            raise ModelError(
                f"{folder} was made for another prior: its {key} is {own}, this prior's {other}. "
                "Choose the conditioner that belongs to the prior, or another prior."
            )
