"""The album as training pictures: crops, backgrounds, latents and asset masks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from album2avatar.assets import Framing, PhotoLabels, View
from album2avatar.personalization.colors import CLOTH_WORDS
from album2avatar.personalization.crops import Crop, Image8, cut, find_crops, jittered
from album2avatar.prior.model import Prior
from album2avatar.seeding import numpy_generator

LEAST_VISIBLE = 1.0
"""Latent pixels that an asset has to cover to count as visible; less can't be learned from."""


@dataclass(frozen=True)
class MaskedPhoto:
    """One photo of the album with its index mask."""

    labels: PhotoLabels
    image: Image8
    """(H, W, 3)."""
    mask: Image8
    """(H, W): 0 background, i + 1 the i-th asset."""


@dataclass(frozen=True)
class Picture:
    """One training picture at the prior's size."""

    image: Image8
    """(S, S, 3)."""
    coverage: npt.NDArray[np.float32]
    """(A, S, S) in 0..1, how much of a pixel each asset covers."""
    view: View
    framing: Framing
    background: str | None
    """Colour word of a plain background; None where it is the photo's own."""

    def visible(self, latent_size: int) -> tuple[int, ...]:
        """Assets that cover enough of a latent of `latent_size` squared to be learned from."""
        area = self.coverage.mean((1, 2)) * latent_size**2
        return tuple(np.flatnonzero(area >= LEAST_VISIBLE).tolist())


@dataclass(frozen=True)
class TrainingPictures:
    """All pictures in the prior's latent space. N pictures, A assets."""

    latents: Tensor
    """(N, c, h, w), scaled."""
    masks: Tensor
    """(N, A, h, w) in 0..1, dilated."""
    backgrounds: Tensor
    """(N, h, w) in 0..1, where a plain background is; 0 where it isn't plain."""
    visible: tuple[tuple[int, ...], ...]
    """Assets that each picture shows."""
    views: tuple[View, ...]
    framings: tuple[Framing, ...]
    background_words: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.visible)


def cut_pictures(
    photos: Sequence[MaskedPhoto], asset_count: int, image_size: int, plain_copies: int, seed: int
) -> list[Picture]:
    """Cut every crop of every photo: once as it is, and `plain_copies` times on plain colours.

    Args:
        asset_count: assets in the table.
        image_size: of the prior.
    """
    pictures: list[Picture] = []
    for photo in photos:
        crops = find_crops(photo.labels, photo.mask, image_size)
        for number, crop in enumerate(crops):
            pictures.append(_cut_picture(photo, crop, asset_count, image_size, None))
            for copy in range(plain_copies):
                generator = numpy_generator(
                    seed, "personalization", "plain", photo.labels.photo, number, copy
                )
                word = str(generator.choice(list(CLOTH_WORDS)))
                moved = jittered(crop, generator)
                pictures.append(_cut_picture(photo, moved, asset_count, image_size, word))
    return pictures


@torch.no_grad()
def encode_pictures(
    prior: Prior,
    pictures: Sequence[Picture],
    raise_if_cancelled: Callable[[], None],
    batch_size: int = 8,
) -> TrainingPictures:
    """Bring pictures and masks into the prior's latent space; pictures of nothing fall away."""
    pictures = [picture for picture in pictures if picture.visible(prior.latent_size)]
    encoded: list[Tensor] = []
    for start in range(0, len(pictures), batch_size):
        raise_if_cancelled()
        images = np.stack([p.image for p in pictures[start : start + batch_size]])
        encoded.append(prior.encode_images(torch.from_numpy(images).float().to(prior.device) / 255))
    latents = torch.cat(encoded)
    coverage = torch.from_numpy(np.stack([p.coverage for p in pictures])).to(latents.device)
    plain = torch.tensor([p.background is not None for p in pictures], device=latents.device)
    grid = (latents.shape[2], latents.shape[3])
    beyond = (1 - coverage.sum(1, keepdim=True)).clamp(0, 1)
    return TrainingPictures(
        latents=latents,
        masks=F.adaptive_avg_pool2d(dilated(coverage), grid),
        backgrounds=F.adaptive_avg_pool2d(beyond, grid)[:, 0] * plain[:, None, None],
        visible=tuple(picture.visible(prior.latent_size) for picture in pictures),
        views=tuple(p.view for p in pictures),
        framings=tuple(p.framing for p in pictures),
        background_words=tuple(p.background for p in pictures),
    )


def dilated(coverage: Tensor) -> Tensor:
    """Grow masks (N, A, S, S) by a 64th of the image, so that edges are learned with them."""
    radius = max(1, coverage.shape[-1] // 64)
    return F.max_pool2d(coverage, 2 * radius + 1, stride=1, padding=radius)


def asset_colors(
    photos: Sequence[MaskedPhoto], asset_count: int
) -> list[npt.NDArray[np.floating] | None]:
    """Median sRGB colour (3,) of each asset over all photos, 0..255; None where unseen."""
    colors: list[npt.NDArray[np.floating] | None] = []
    for index in range(asset_count):
        pixels = [photo.image[photo.mask == index + 1] for photo in photos]
        seen = np.concatenate(pixels)
        colors.append(np.median(seen, axis=0) if len(seen) else None)
    return colors


def _cut_picture(
    photo: MaskedPhoto, crop: Crop, asset_count: int, size: int, background: str | None
) -> Picture:
    image = photo.image
    if background is not None:
        is_person = (photo.mask > 0)[..., None]
        image = np.where(is_person, image, np.array(CLOTH_WORDS[background], np.uint8))
    coverage = np.zeros((asset_count, size, size), np.float32)
    for index in range(asset_count):
        single = np.where(photo.mask == index + 1, 255, 0).astype(np.uint8)
        coverage[index] = cut(single, crop, size, "constant").astype(np.float32) / 255
    return Picture(
        cut(image, crop, size, "edge"), coverage, photo.labels.view, crop.framing, background
    )
