"""The album as training pictures: crops, backgrounds, latents and asset masks."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from album2avatar.assets import Framing, PhotoLabels, View
from album2avatar.personalization.crops import (
    Crop,
    Image8,
    cut,
    find_asset_crops,
    find_crops,
    jittered,
)
from album2avatar.prior.colors import CLOTH_WORDS
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
    framing: Framing | None
    """None in a close-up of one asset."""
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
    framings: tuple[Framing | None, ...]
    """None for the close-ups of single assets, which come last."""
    background_words: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.visible)

    @property
    def frame_count(self) -> int:
        """Pictures with a framing word; the rest are close-ups of single assets."""
        return len(self.shots())

    def shots(self) -> list[tuple[View, Framing]]:
        """View and framing of every picture that has a framing word."""
        pairs = zip(self.views, self.framings, strict=True)
        return [(view, framing) for view, framing in pairs if framing is not None]


def cut_pictures(
    photos: Sequence[MaskedPhoto], asset_count: int, image_size: int, plain_copies: int, seed: int
) -> list[Picture]:
    """Cut every crop of every photo: once as it is, and `plain_copies` times on plain colours.

    Args:
        asset_count: assets in the table.
        image_size: of the prior.
    """
    return [
        picture
        for photo in photos
        for number, crop in enumerate(find_crops(photo.labels, photo.mask, image_size))
        for picture in _cut_copies(
            photo, crop, asset_count, image_size, plain_copies, (seed, "plain", number)
        )
    ]


def cut_asset_close_ups(
    photos: Sequence[MaskedPhoto], asset_count: int, image_size: int, plain_copies: int, seed: int
) -> list[Picture]:
    """Cut a square around every asset of every photo, with copies as in `cut_pictures`."""
    return [
        picture
        for photo in photos
        for number, crop in enumerate(find_asset_crops(photo.mask, asset_count, image_size))
        for picture in _cut_copies(
            photo, crop, asset_count, image_size, plain_copies, (seed, "close-up", number)
        )
    ]


@torch.no_grad()
def encode_pictures(
    prior: Prior,
    pictures: Sequence[Picture],
    raise_if_cancelled: Callable[[], None],
) -> TrainingPictures:
    """Bring pictures and masks into the prior's latent space; pictures of nothing fall away."""
    pictures = [picture for picture in pictures if picture.visible(prior.latent_size)]
    latents = encode_images(prior, np.stack([p.image for p in pictures]), raise_if_cancelled)
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


@torch.no_grad()
def encode_images(
    prior: Prior, images: Image8, raise_if_cancelled: Callable[[], None], batch_size: int = 8
) -> Tensor:
    """Latents (N, c, h, w) of pictures (N, S, S, 3)."""
    encoded: list[Tensor] = []
    for start in range(0, len(images), batch_size):
        raise_if_cancelled()
        batch = torch.from_numpy(images[start : start + batch_size])
        encoded.append(prior.encode_images(batch.float().to(prior.device) / 255))
    return torch.cat(encoded)


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


def _cut_copies(
    photo: MaskedPhoto,
    crop: Crop,
    asset_count: int,
    image_size: int,
    plain_copies: int,
    purpose: tuple[int, str, int],
) -> Iterator[Picture]:
    """One crop as it is, and on plain colours."""
    yield _cut_picture(photo, crop, asset_count, image_size, None)
    seed, kind, number = purpose
    for copy in range(plain_copies):
        generator = numpy_generator(seed, "personalization", kind, photo.labels.photo, number, copy)
        word = str(generator.choice(list(CLOTH_WORDS)))
        moved = jittered(crop, generator)
        yield _cut_picture(photo, moved, asset_count, image_size, word)


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
