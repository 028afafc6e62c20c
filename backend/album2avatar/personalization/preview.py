"""Pictures of what the prior has learned so far."""

from collections.abc import Sequence
from pathlib import Path

from album2avatar.assets import Asset, Framing, Subject, View
from album2avatar.pictures import save_picture, tiled
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import seen_kinds, token_prompt
from album2avatar.prior.prompts import Style
from album2avatar.prior.sampling import sample_images
from album2avatar.seeding import torch_generator

PREVIEWS: tuple[tuple[View, Framing, Style], ...] = (
    ("front", "full body", "photo"),
    ("left side", "full body", "photo"),
    ("back", "full body", "photo"),
    ("front", "head close-up", "photo"),
    ("front", "full body", "normal map"),
    ("back", "full body", "normal map"),
)


def preview_prompts(subject: Subject, assets: Sequence[Asset]) -> tuple[str, ...]:
    """The same views of the person every time."""
    prompts: list[str] = []
    for view, framing, style in PREVIEWS:
        seen = seen_kinds(view, framing)
        shown = [asset for asset in assets if asset.kind in seen]
        background = "grey" if style == "photo" else None
        prompts.append(token_prompt(subject, shown, view, framing, style, background))
    return tuple(prompts)


def write_preview(
    path: Path, prior: Prior, prompts: Sequence[str], steps: int, guidance_scale: float, seed: int
) -> None:
    """Sample one picture for each prompt, from the same noise every time; three in a row."""
    generator = torch_generator(seed, "personalization", "preview")
    samples = sample_images(prior, prompts, steps, guidance_scale, generator)
    save_picture(path, tiled(samples, 3))
