"""The provider that reads the artist's own mask files."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from album2avatar.asset_table import KIND_ORDER
from album2avatar.assets import AssetKind
from album2avatar.errors import AlbumError
from album2avatar.segmentation.provider import AssetMask, SourceImage

_MEGAPIXELS_MAX = 64
_ASPECT_TOLERANCE = 0.01


class ArtistMasks:
    """Masks from a folder of `<photo>.<kind>.png`, `<photo>` the original's name without suffix, or
    a video frame's id.

    A mask has its upright photo's shape in any size; lighter than half is the asset.
    `names.json` may name the kinds.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise AlbumError(
                f"Mask folder '{folder}' does not exist. Name it in the setting "
                "segmentation.masks_folder."
            )
        self._folder = folder
        self._names = read_names(folder / "names.json")

    def segment(
        self, images: Sequence[SourceImage], vocabulary: Collection[AssetKind]
    ) -> list[list[AssetMask]]:
        """The photos' masks.

        Raises:
            AlbumError: a photo has none, or one can't be used.
        """
        return [self._masks_of(image, vocabulary) for image in images]

    def _masks_of(self, image: SourceImage, vocabulary: Collection[AssetKind]) -> list[AssetMask]:
        photo = image.photo
        # Frames of one video share their original's name.
        stem = Path(photo.original).stem if photo.milliseconds is None else photo.id
        paths: dict[AssetKind, Path] = {
            kind: self._folder / f"{stem}.{kind}.png" for kind in KIND_ORDER
        }
        found: list[tuple[AssetKind, Path]] = [
            (kind, path) for kind, path in paths.items() if path.exists()
        ]
        if not found:
            raise AlbumError(
                f"{self._folder} has no mask of {image.photo.original}. Add {stem}.<kind>.png, "
                f"<kind> one of {', '.join(KIND_ORDER)}, or take the photo out of the album."
            )
        height, width = image.pixels.shape[:2]
        return [
            AssetMask(kind, {self._names.get(kind, kind): 1.0}, read_mask(path, height, width))
            for kind, path in found
            if kind in vocabulary
        ]


def read_names(path: Path) -> dict[str, str]:
    """Kind to the artist's name; empty where there is no file.

    Raises:
        AlbumError: the file is not a JSON object of kinds and names.
    """
    try:
        names = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise AlbumError(
            f"{path} can't be read as JSON ({error}). Correct or remove it."
        ) from error
    if not isinstance(names, dict) or not all(
        kind in KIND_ORDER and isinstance(name, str) and 0 < len(name) <= 60
        for kind, name in names.items()
    ):
        raise AlbumError(
            f'{path} must look like {{"top": "denim jacket"}}, with kinds of '
            f"{', '.join(KIND_ORDER)} and names of 1 to 60 letters. Correct it."
        )
    return names


def read_mask(path: Path, height: int, width: int) -> Tensor:
    """Read one mask at the photo's size: (height, width) float, 0 or 1.

    Raises:
        AlbumError: it is no PNG, too large, or of another shape than the photo.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            own_width, own_height = image.size
            if own_width * own_height > _MEGAPIXELS_MAX * 1e6:
                raise AlbumError(f"{path} has more than {_MEGAPIXELS_MAX} megapixels. Shrink it.")
            if abs(own_width * height / (own_height * width) - 1) > _ASPECT_TOLERANCE:
                raise AlbumError(
                    f"{path} is {own_width} × {own_height} pixels, its upright photo {width} × "
                    f"{height}: the shapes differ. Save the mask in its photo's shape."
                )
            grey = image.convert("L").resize((width, height), Image.Resampling.BILINEAR)
    except (OSError, ValueError, SyntaxError) as error:
        raise AlbumError(f"{path} can't be read as PNG ({error}). Save it again.") from error
    return torch.from_numpy((np.asarray(grey) > 127).astype(np.float32))
