"""Renderings of synthetic people: true photos and normal maps in the album's own views."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import Framing, View
from album2avatar.personalization.pictures import TrainingPictures, encode_images
from album2avatar.personalization.preservation import EMPTY_PROMPT_SHARE
from album2avatar.prior.model import Prior
from album2avatar.prior.prompt_limit import fits
from album2avatar.prior.prompts import Style, compose_prompt
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.portraits import Portrait, take_portraits


@dataclass(frozen=True)
class SyntheticPictures:
    """N renderings, each as a photo and as a normal map."""

    photos: Tensor
    """(N, c, h, w) latents."""
    normals: Tensor
    """(N, c, h, w) latents."""
    photo_prompts: tuple[str, ...]
    normal_prompts: tuple[str, ...]


def album_shots(pictures: TrainingPictures, count: int, seed: int) -> list[tuple[View, Framing]]:
    """Draw views and framings as the album's pictures have them."""
    generator = numpy_generator(seed, "personalization", "synthetic shots")
    shots = pictures.shots()
    return [shots[index] for index in generator.integers(len(shots), size=count).tolist()]


@torch.no_grad()
def render_synthetic_pictures(
    prior: Prior,
    shots: list[tuple[View, Framing]],
    seed: int,
    raise_if_cancelled: Callable[[], None],
) -> SyntheticPictures:
    """Render other people in the given views and framings, about 100 a second at 64 pixels."""
    portraits: list[Portrait] = []
    for portrait in take_portraits(shots, prior.image_size, seed):
        raise_if_cancelled()
        portraits.append(portrait)
    photos = np.stack([portrait.picture.image for portrait in portraits])
    normals = np.stack([portrait.picture.normals for portrait in portraits])
    return SyntheticPictures(
        encode_images(prior, photos, raise_if_cancelled),
        encode_images(prior, normals, raise_if_cancelled),
        tuple(_prompt(prior, portrait, "photo") for portrait in portraits),
        tuple(_prompt(prior, portrait, "normal map") for portrait in portraits),
    )


def shown_prompt(prompt: str, generator: np.random.Generator) -> str:
    """The prompt, or at times none, as usual for classifier-free guidance."""
    return "" if generator.random() < EMPTY_PROMPT_SHARE else prompt


def _prompt(prior: Prior, portrait: Portrait, style: Style) -> str:
    """The portrait's caption; where the text encoder can't read all of it, with fewer phrases."""
    prompts = (
        compose_prompt(
            portrait.person.subject,
            portrait.phrases[:count],
            portrait.view,
            portrait.framing,
            portrait.background if style == "photo" else None,
            style,
        )
        for count in range(len(portrait.phrases), -1, -1)
    )
    return next(prompt for prompt in prompts if fits(prior, prompt))
