"""Pictures of the person from all around, painted by the prior over a body that turns.

Source: Zeng et al. 2023, "AvatarBooth", section 3.3, "Pose-consistent constraint": renderings
    of the unclothed body lead a ControlNet, and what is painted over them is trained on.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.assets import Asset, AssetTable, Framing, Subject, View, view_of_azimuth
from album2avatar.body.anny import load_anny_body
from album2avatar.body.types import CanonicalBody
from album2avatar.guidance.leading import draw_normals
from album2avatar.guidance.views import turntable_views
from album2avatar.model_folders import find_model
from album2avatar.prior.colors import CLOTH_WORDS
from album2avatar.prior.conditioner import Conditioner, Conditioning, load_conditioner
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import seen_kinds, token_prompt
from album2avatar.prior.sampling import sample_latents
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.settings.personalization import PersonalizationSettings
from album2avatar.settings.second_pass import SecondPassSettings

FRAMING_TURNS: tuple[Framing, ...] = ("full body", "upper body", "full body", "lower body")
"""Framings by turns, from picture to picture around the body. Heads are left to the photos: over a
body without hair and features the prior would invent another face."""


@dataclass(frozen=True)
class ConsistentPicture:
    """One picture to paint."""

    azimuth: float
    """Radians; 0 in front."""
    view: View
    framing: Framing
    prompt: str
    """With the tokens of all assets that it can show."""


@dataclass(frozen=True)
class SecondPass:
    """What leads the second pass."""

    conditioner: Conditioner
    body: CanonicalBody
    plan: tuple[ConsistentPicture, ...]


@dataclass(frozen=True)
class ConsistentPictures:
    """What was painted: N pictures."""

    prompts: tuple[str, ...]
    latents: Tensor
    """(N, c, h, w), scaled."""


def prepare_second_pass(
    prior: Prior, table: AssetTable, settings: SecondPassSettings, seed: int
) -> SecondPass:
    """Load the conditioner, shape a body, and plan the pictures.

    The body is Anny's usual one of the subject in the A-pose: an album has it before it is fitted.

    Raises:
        ModelError: the conditioner is missing or damaged, or belongs to another prior.
    """
    conditioner = load_conditioner(find_model(settings.conditioner), prior.unet)
    model = load_anny_body()
    body = model.canonical(model.usual_shape(table.subject))
    plan = plan_pictures(table.subject, table.assets, settings.pictures, seed)
    return SecondPass(conditioner, body, plan)


def plan_pictures(
    subject: Subject, assets: Sequence[Asset], count: int, seed: int
) -> tuple[ConsistentPicture, ...]:
    """Spread pictures around the body; each has a plain background that its prompt names."""
    planned: list[ConsistentPicture] = []
    for number in range(count):
        generator = numpy_generator(seed, "personalization", "second pass", number)
        azimuth = (2 * number / count - 1) * math.pi
        framing = FRAMING_TURNS[number % len(FRAMING_TURNS)]
        view = view_of_azimuth(math.degrees(azimuth))
        seen = seen_kinds(view, framing)
        shown = [asset for asset in assets if asset.kind in seen]
        background = str(generator.choice(list(CLOTH_WORDS)))
        prompt = token_prompt(subject, shown, view, framing, background=background)
        planned.append(ConsistentPicture(azimuth, view, framing, prompt))
    return tuple(planned)


def draw_body(body: CanonicalBody, picture: ConsistentPicture, size: int) -> Tensor:
    """Normals (1, size, size, 3) of the bare body as the conditioner reads them, row 0 on top."""
    views = turntable_views(body, picture.framing, [picture.azimuth])
    return draw_normals(body.vertices, body.faces, views.cameras, size)


def paint_pictures(
    prior: Prior,
    second_pass: SecondPass,
    settings: PersonalizationSettings,
    seed: int,
    raise_if_cancelled: Callable[[], None],
) -> ConsistentPictures:
    """Sample the planned pictures from the prior as it is now."""
    latents: list[Tensor] = []
    for number, picture in enumerate(second_pass.plan):
        raise_if_cancelled()
        normals = draw_body(second_pass.body, picture, prior.image_size).to(prior.device)
        latents.append(
            sample_latents(
                prior,
                [picture.prompt],
                settings.sampling_steps,
                settings.sampling_guidance,
                torch_generator(seed, "personalization", "second pass", number),
                Conditioning(second_pass.conditioner, normals, settings.second_pass.strength),
            )
        )
    return ConsistentPictures(_prompts(second_pass), torch.cat(latents))


def restored_pictures(second_pass: SecondPass, latents: Tensor) -> ConsistentPictures:
    """The pictures whose latents a checkpoint kept."""
    return ConsistentPictures(_prompts(second_pass), latents)


def _prompts(second_pass: SecondPass) -> tuple[str, ...]:
    return tuple(picture.prompt for picture in second_pass.plan)
