"""What a segmentation provider is given, and what it gives."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from album2avatar.album_index import AlbumPhoto
from album2avatar.assets import AssetKind
from album2avatar.perception.model import Perceived


@dataclass(frozen=True)
class SourceImage:
    """One photo of the album, with what the perception network saw in it."""

    photo: AlbumPhoto
    pixels: Tensor
    """(H, W, 3) sRGB in 0..1, top row first."""
    perceived: Perceived


@dataclass(frozen=True)
class AssetMask:
    """Where one asset is in a photo, and what it may be called."""

    kind: AssetKind
    names: dict[str, float]
    """Name to how likely it is, 0..1."""
    mask: Tensor
    """(H, W) float, how surely each pixel belongs to the asset, 0..1."""


class SegmentationProvider(Protocol):
    """Finds assets in photos."""

    def segment(
        self, images: Sequence[SourceImage], vocabulary: Collection[AssetKind]
    ) -> list[list[AssetMask]]:
        """For each photo, masks of the vocabulary's kinds that it shows, one a kind at most."""
        ...
