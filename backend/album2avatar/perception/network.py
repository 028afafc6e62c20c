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
    widths: tuple[int, int, int, int] = (32, 64, 128, 192)
    """Channels at 1/2, 1/4, 1/8 and 1/16 of the picture's size."""
    pixel_width: int = 16
    """Channels at the picture's full size."""


@dataclass(frozen=True)
class NetworkOutput:
    """Raw scores of a batch of square pictures of side S."""

    pixels: Tensor
    """(B, C, S, S) logits of the pixel classes."""
    heatmaps: Tensor
    """(B, K, S/2, S/2) logits of where each keypoint is."""
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
        self.stem = nn.Conv2d(3, half, 3, stride=2, padding=1)
        self.encode_half = LightBlock(half)
        self.down_quarter = nn.Conv2d(half, quarter, 3, stride=2, padding=1)
        self.encode_quarter = FullBlock(quarter)
        self.down_eighth = nn.Conv2d(quarter, eighth, 3, stride=2, padding=1)
        self.encode_eighth = FullBlock(eighth)
        self.down_sixteenth = nn.Conv2d(eighth, sixteenth, 3, stride=2, padding=1)
        self.encode_sixteenth = FullBlock(sixteenth)

        summary = 2 * sixteenth
        self.context = nn.Linear(summary, sixteenth)
        self.up_eighth = Merge(sixteenth, eighth)
        self.up_quarter = Merge(eighth, quarter)
        self.up_half = Merge(quarter, half)

        width = config.pixel_width
        self.to_full = nn.Conv2d(half, 4 * width, 1)
        self.full = nn.Sequential(
            nn.Conv2d(width + 3, width, 3, padding=1),
            nn.GroupNorm(4, width),
            nn.SiLU(),
            nn.Conv2d(width, len(config.pixel_classes), 1),
        )
        self.heatmaps = nn.Sequential(
            nn.Conv2d(half, half, 3, padding=1, groups=half),
            nn.Conv2d(half, 2 * half, 1),
            nn.SiLU(),
            nn.Conv2d(2 * half, len(config.keypoints), 1),
        )
        self.describe = nn.Sequential(nn.Linear(summary, 256), nn.SiLU())
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
        half = self.encode_half(self.stem(centred))
        quarter = self.encode_quarter(self.down_quarter(half))
        eighth = self.encode_eighth(self.down_eighth(quarter))
        sixteenth = self.encode_sixteenth(self.down_sixteenth(eighth))
        summary = torch.cat([sixteenth.mean((2, 3)), sixteenth.amax((2, 3))], dim=1)
        sixteenth = sixteenth + self.context(summary)[:, :, None, None]
        eighth = self.up_eighth(sixteenth, eighth)
        quarter = self.up_quarter(eighth, quarter)
        half = self.up_half(quarter, half)
        full = F.pixel_shuffle(self.to_full(half), 2)
        described = self.describe(summary)
        return NetworkOutput(
            pixels=self.full(torch.cat([full, centred], dim=1)),
            heatmaps=self.heatmaps(half),
            absent=self.absent(described),
            attributes={
                name: self.words[name.replace(" ", "_")](described)
                for name in self.config.attributes
            },
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
    """A 5×5 depthwise and two 1×1 convolutions around which the input passes unchanged.

    Half the time of a `FullBlock` where the picture is large and the channels are few.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(width, width, 5, padding=2, groups=width),
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
        "pixel_width": config.pixel_width,
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
        pixel_width=int(values["pixel_width"]),
    )
