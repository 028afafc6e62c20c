"""The network: an hourglass with heads for pixels, keypoints and words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class NetworkConfig:
    """Everything that decides the network's shape."""

    pixel_classes: tuple[str, ...]
    keypoints: tuple[str, ...]
    attributes: Mapping[str, tuple[str, ...]]
    image_size: int = 128
    """Side of the square pictures that it was trained on."""
    widths: tuple[int, int, int, int] = (32, 48, 96, 192)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the picture's size; multiples of 8."""


@dataclass(frozen=True)
class NetworkOutput:
    """Raw scores of a batch of square pictures of side S."""

    pixels: Tensor
    """(B, C, S, S) logits of the pixel classes."""
    heatmaps: Tensor
    """(B, K, S/4, S/4) logits of where each keypoint is."""
    absent: Tensor
    """(B, K) logits of each keypoint being nowhere to be seen; one more bin of its heatmap."""
    attributes: dict[str, Tensor]
    """Attribute to (B, number of words) logits."""


class PerceptionNetwork(nn.Module):
    """Fully convolutional: any multiple of 16 serves as the picture's side."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        half, quarter, eighth, sixteenth = config.widths
        self.encode_half = Reduce(3, half)
        self.encode_quarter = nn.Sequential(Reduce(half, quarter), FullBlock(quarter))
        self.encode_eighth = nn.Sequential(Reduce(quarter, eighth), FullBlock(eighth))
        self.encode_sixteenth = nn.Sequential(
            Reduce(eighth, sixteenth),
            FullBlock(sixteenth),
            nn.GroupNorm(8, sixteenth),
            nn.SiLU(),
        )
        summary = 2 * sixteenth
        self.context = nn.Linear(summary, sixteenth)
        self.up_eighth = Merge(sixteenth, eighth)
        self.up_quarter = Merge(eighth, quarter)
        self.up_half = Merge(quarter, half)
        # Four scores of every class a cell, from its features and its own four pixels.
        self.pixels = nn.Sequential(
            nn.Conv2d(half + 12, 64, 1),
            nn.SiLU(),
            nn.Conv2d(64, 4 * len(config.pixel_classes), 1),
            nn.PixelShuffle(2),
        )
        self.heatmaps = nn.Sequential(
            nn.Conv2d(quarter, 64, 1), nn.SiLU(), nn.Conv2d(64, len(config.keypoints), 1)
        )
        inventory = len(config.pixel_classes) * (quarter + 3)
        self.describe = nn.Sequential(nn.Linear(summary + inventory, 256), nn.SiLU())
        self.absent = nn.Linear(256, len(config.keypoints))
        self.words = nn.ModuleDict(
            {
                name.replace(" ", "_"): nn.Linear(256, len(words))
                for name, words in config.attributes.items()
            }
        )

    def forward(self, images: Tensor) -> NetworkOutput:
        """Score square pictures.

        Args:
            images: (B, 3, S, S) sRGB in 0..1, S a multiple of 16.
        """
        centred = 2 * images - 1
        half = self.encode_half(centred)
        quarter = self.encode_quarter(half)
        eighth = self.encode_eighth(quarter)
        sixteenth = self.encode_sixteenth(eighth)
        summary = torch.cat([sixteenth.mean((2, 3)), sixteenth.amax((2, 3))], dim=1)
        sixteenth = sixteenth + self.context(summary)[:, :, None, None]
        quarter = self.up_quarter(self.up_eighth(sixteenth, eighth), quarter)
        half = self.up_half(quarter, half)
        pixels = self.pixels(torch.cat([half, F.pixel_unshuffle(centred, 2)], dim=1))
        described = self.describe(torch.cat([summary, take_inventory(pixels, quarter)], dim=1))
        return NetworkOutput(
            pixels=pixels,
            heatmaps=self.heatmaps(quarter),
            absent=self.absent(described),
            attributes={
                name: self.words[name.replace(" ", "_")](described)
                for name in self.config.attributes
            },
        )


def take_inventory(pixels: Tensor, features: Tensor) -> Tensor:
    """How much of each pixel class there is, where, and what it looks like.

    Words then don't have to find the skin again to tell its colour, and a face left of its
    hair is a side view. The pixels' own training is left alone.

    Args:
        pixels: (B, C, S, S) logits.
        features: (B, D, s, s), s a divisor of S.

    Returns:
        (B, C * (D + 3)).
    """
    shares = F.adaptive_avg_pool2d(pixels.detach().softmax(1), features.shape[-1])
    batch, _, height, width = shares.shape
    across = torch.linspace(-1, 1, width, device=pixels.device).expand(batch, 1, height, width)
    places = torch.cat([features, across, across.transpose(2, 3)], dim=1).flatten(2)
    area = shares.flatten(2).mean(-1)
    means = shares.flatten(2) @ places.transpose(1, 2) / (height * width * area[..., None] + 1.0)
    return torch.cat([means, area.sqrt()[..., None]], dim=-1).flatten(1)


class Reduce(nn.Sequential):
    """(B, Ci, H, W) to (B, Co, H/2, W/2), normalised."""

    def __init__(self, width: int, reduced_width: int) -> None:
        super().__init__(
            nn.Conv2d(width, reduced_width, 3, stride=2, padding=1, bias=False),
            nn.GroupNorm(8, reduced_width),
            nn.SiLU(),
        )


class FullBlock(nn.Module):
    """Two 3×3 convolutions around which the input passes unchanged."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
            nn.GroupNorm(8, width),
            nn.SiLU(),
            nn.Conv2d(width, width, 3, padding=1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return features + self.body(features)


class LightBlock(nn.Module):
    """A 3×3 depthwise and two 1×1 convolutions around which the input passes unchanged.

    Half the time of a `FullBlock` where the picture is large and the channels are few.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 3, padding=1, groups=width),
            nn.GroupNorm(8, width),
            nn.Conv2d(width, 2 * width, 1),
            nn.SiLU(),
            nn.Conv2d(2 * width, width, 1),
        )

    def forward(self, features: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return features + self.body(features)


class Merge(nn.Module):
    """Bring coarse features to twice their size and work them into the fine ones."""

    def __init__(self, coarse_width: int, fine_width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(coarse_width, fine_width, 1)
        self.block = LightBlock(fine_width)

    def forward(self, coarse: Tensor, fine: Tensor) -> Tensor:
        """(B, Cc, H, W) and (B, Cf, 2H, 2W) to (B, Cf, 2H, 2W)."""
        widened = F.interpolate(self.narrow(coarse), scale_factor=2.0, mode="nearest")
        return self.block(fine + widened)


def config_to_json(config: NetworkConfig) -> dict[str, Any]:
    """Fields of a config as plain values."""
    return {
        "pixel_classes": list(config.pixel_classes),
        "keypoints": list(config.keypoints),
        "attributes": {name: list(words) for name, words in config.attributes.items()},
        "image_size": config.image_size,
        "widths": list(config.widths),
    }


def config_from_json(values: Mapping[str, Any]) -> NetworkConfig:
    """Config from plain values.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or of the wrong shape.
    """
    half, quarter, eighth, sixteenth = (int(width) for width in values["widths"])
    return NetworkConfig(
        pixel_classes=tuple(values["pixel_classes"]),
        keypoints=tuple(values["keypoints"]),
        attributes={name: tuple(words) for name, words in values["attributes"].items()},
        image_size=int(values["image_size"]),
        widths=(half, quarter, eighth, sixteenth),
    )
