"""Pictures of other people, so that the prior doesn't forget what it knew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import FRAMINGS, VIEWS, Asset, Framing, Subject, View
from album2avatar.prior.colors import CLOTH_WORDS, color_words
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import (
    class_prompt,
    seen_kinds,
    token_prompt,
    with_color,
)
from album2avatar.prior.prompts import Style
from album2avatar.prior.sampling import sample_latents
from album2avatar.seeding import numpy_generator, torch_generator

FRAMING_SHARES: dict[Framing, float] = {
    "full body": 0.4,
    "upper body": 0.2,
    "lower body": 0.2,
    "head close-up": 0.2,
}
EMPTY_PROMPT_SHARE = 0.1
"""Share of class pictures trained without words, as usual for classifier-free guidance."""
_SAMPLED_AT_ONCE = 8
"""Half the time a picture of two at once; sampling needs less memory than training."""


@dataclass(frozen=True)
class ClassPicture:
    """What one picture of the class is sampled as, and trained under."""

    sampled_as: str
    """Prompt without tokens, for the base prior."""
    trained_as: str
    """A normal map is trained under its prompt with tokens too: what a token adds is colour,
    and a normal map has none, so that its shape keeps coming from the class words."""


def plan_class_pictures(
    subject: Subject, assets: Sequence[Asset], count: int, seed: int
) -> list[ClassPicture]:
    """Draw the prompts of the class pictures: photos and normal maps by turns."""
    return [_plan_one(subject, assets, number, seed) for number in range(count)]


def sample_class_latents(
    prior: Prior,
    pictures: Sequence[ClassPicture],
    steps: int,
    guidance_scale: float,
    seed: int,
    raise_if_cancelled: Callable[[], None],
) -> Tensor:
    """Sample all class pictures from the prior as it is now, (N, c, h, w)."""
    latents: list[Tensor] = []
    for start in range(0, len(pictures), _SAMPLED_AT_ONCE):
        raise_if_cancelled()
        prompts = [picture.sampled_as for picture in pictures[start : start + _SAMPLED_AT_ONCE]]
        generator = torch_generator(seed, "personalization", "class pictures", start)
        latents.append(sample_latents(prior, prompts, steps, guidance_scale, generator))
    return torch.cat(latents)


def training_prompt(picture: ClassPicture, generator: np.random.Generator) -> str:
    """Words under which a class picture is shown at one step."""
    if generator.random() < EMPTY_PROMPT_SHARE:
        return ""
    return picture.sampled_as if generator.random() < 0.5 else picture.trained_as


def _plan_one(subject: Subject, assets: Sequence[Asset], number: int, seed: int) -> ClassPicture:
    generator = numpy_generator(seed, "personalization", "class prompt", number)
    view: View = VIEWS[int(generator.integers(len(VIEWS)))]
    shares = list(FRAMING_SHARES.values())
    framing: Framing = FRAMINGS[int(generator.choice(len(FRAMINGS), p=shares))]
    style: Style = "photo" if number % 2 == 0 else "normal map"
    seen = seen_kinds(view, framing)
    assets = [asset for asset in assets if asset.kind in seen]
    if style == "normal map":
        return ClassPicture(
            class_prompt(subject, assets, view, framing, style),
            token_prompt(subject, assets, view, framing, style),
        )
    others = [_in_another_color(asset, generator) for asset in assets]
    background = str(generator.choice(list(CLOTH_WORDS)))
    prompt = class_prompt(subject, others, view, framing, style, background)
    return ClassPicture(prompt, prompt)


def _in_another_color(asset: Asset, generator: np.random.Generator) -> Asset:
    word = str(generator.choice(list(color_words(asset.kind))))
    if asset.kind == "face":
        return asset
    name = f"{word} skin" if asset.kind == "skin" else with_color(asset, word)
    return asset.model_copy(update={"name": name})
