"""One personalisation of a held-out person, and what its samples show."""

import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict
from torch import Tensor

from album2avatar.assets import VIEWS, Asset, Framing, View
from album2avatar.checkpoint import Checkpoint
from album2avatar.evaluation.held_out_albums import HeldOutAlbum
from album2avatar.evaluation.metrics import Floats, color_difference
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perception
from album2avatar.personalization.losses import masked_loss
from album2avatar.personalization.parts import plan_lessons
from album2avatar.personalization.pictures import (
    MaskedPhoto,
    asset_colors,
    cut_pictures,
    encode_images,
    encode_pictures,
)
from album2avatar.personalization.preparation import kept_data, prepare_data
from album2avatar.personalization.second_pass import paint_pictures, prepare_second_pass
from album2avatar.personalization.stage import teach_words
from album2avatar.personalization.training import Trainer
from album2avatar.personalization.unions import union_mask
from album2avatar.prior.adapter import load_adapter
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import TOKENS_FILE, class_prompt, seen_kinds, token_prompt
from album2avatar.prior.prompts import compose_prompt
from album2avatar.prior.sampling import sample_images
from album2avatar.prior.tokens import load_tokens, save_tokens
from album2avatar.progress import silent_job
from album2avatar.seeding import torch_generator
from album2avatar.segmentation.perceived_assets import KIND_CLASSES
from album2avatar.settings import Settings
from album2avatar.synthetic.portraits import take_portraits

SAMPLED_FRAMINGS: tuple[Framing, ...] = ("full body", "full body", "upper body", "lower body")
"""What is sampled from each side; clothes are best seen on the whole person."""
SAMPLING_STEPS = 12
LEAST_PIXELS = 12
"""An asset that covers fewer pixels of a sample counts as missing."""
VISIBLE_SHARE = 0.004
"""An asset that covers less of every photo from a side is not asked for from there."""
DISTINCT = 25.0
"""Colour difference (CIE 1976) from which two garments can be told apart."""
GARMENTS = ("top", "dress", "outerwear", "bottom", "shoes", "headwear")
_NOISE_LEVELS = (150, 400, 650, 900)
"""Timesteps, of 1000, at which losses are compared."""
_OTHERS = 16
_OTHERS_SEED = 77


class RunResult(BaseModel):
    """What one run measured."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: int
    seed: int
    variant: str
    seconds: float
    """Of the training alone, CPU time."""
    color_differences: dict[str, float]
    """Kind to the median over the samples that show it (CIE 1976)."""
    shown: dict[str, tuple[int, int]]
    """Kind to (samples that show it, samples whose prompt names it)."""
    views: tuple[int, int]
    """(Recognised, asked)."""
    framings: tuple[int, int]
    leaks: tuple[int, int]
    """(Samples in which a garment looks more like another garment of the album, asked)."""
    album_loss: float | None
    """Masked loss of the album's own photos; None where nothing was trained."""
    unseen_loss: float | None
    """The same of photos of another day."""
    others_loss: float
    """Loss of photos of other people under their captions."""
    normals_loss: float
    """Loss of their normal maps."""


@dataclass(frozen=True)
class Judge:
    """What every run is measured with."""

    perception: Perception
    other_photos: np.ndarray
    other_normals: np.ndarray
    photo_prompts: list[str]
    normal_prompts: list[str]


def make_judge(perception: Perception, image_size: int) -> Judge:
    """Photograph other people, whom no run is trained with, from all sides."""
    shots: list[tuple[View, Framing]] = [
        (VIEWS[number % len(VIEWS)], SAMPLED_FRAMINGS[number // len(VIEWS) % len(SAMPLED_FRAMINGS)])
        for number in range(_OTHERS)
    ]
    others = list(take_portraits(shots, image_size, _OTHERS_SEED))
    return Judge(
        perception,
        np.stack([other.picture.image for other in others]),
        np.stack([other.picture.normals for other in others]),
        [
            compose_prompt(o.person.subject, o.phrases, o.view, o.framing, o.background)
            for o in others
        ],
        [
            compose_prompt(o.person.subject, o.phrases, o.view, o.framing, None, "normal map")
            for o in others
        ],
    )


def prepare_once(album: HeldOutAlbum, settings: Settings) -> Checkpoint:
    """Sample and render what all variants of one person and seed share."""
    prior = load_prior(find_model(settings.prior))
    teach_words(prior, album.table, list(album.photos))
    data = prepare_data(prior, album.table, album.photos, settings, silent_job("personalize"), None)
    kept = kept_data(data)
    return Checkpoint(0, kept.tensors, kept.metadata)


def personalized(album: HeldOutAlbum, settings: Settings, shared: Checkpoint) -> Prior:
    """Train as the stage does, write the files, and load them into a fresh prior."""
    prior = load_prior(find_model(settings.prior))
    teach_words(prior, album.table, list(album.photos))
    own = settings.personalization
    data = prepare_data(
        prior, album.table, album.photos, settings, silent_job("personalize"), shared
    )
    trainer = Trainer(prior, data, own, settings.seed)
    (lesson,) = plan_lessons(own)
    for step in range(lesson.end):
        if own.second_pass.paints and step == lesson.second_pass:
            second_pass = prepare_second_pass(prior, album.table, own.second_pass, settings.seed)
            trainer.show(paint_pictures(prior, second_pass, own, settings.seed, lambda: None))
        trainer.train_step(step)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trainer.finish(folder)
        save_tokens(folder / TOKENS_FILE, prior, [asset.token for asset in album.table.assets])
        fresh = load_prior(find_model(settings.prior))
        load_tokens(folder / TOKENS_FILE, fresh)
        load_adapter(folder, fresh)
    return fresh


def run_variant(
    album: HeldOutAlbum,
    person: int,
    variant: str,
    settings: Settings,
    shared: Checkpoint,
    judge: Judge,
) -> RunResult:
    """Personalise and measure."""
    began = time.process_time()
    prior = personalized(album, settings, shared)
    seconds = time.process_time() - began
    own = _losses_of_the_person(prior, album, settings.seed)
    judged = _sampled(prior, album, person, settings, judge, tokens=True)
    return _result(prior, album, person, variant, settings, judge, judged, seconds, own)


def run_class_words(
    album: HeldOutAlbum, person: int, variant: str, settings: Settings, judge: Judge
) -> RunResult:
    """Measure the base prior, asked for the same pictures without tokens."""
    prior = load_prior(find_model(settings.prior))
    judged = _sampled(prior, album, person, settings, judge, tokens=False)
    return _result(prior, album, person, variant, settings, judge, judged)


def run_untrained_tokens(
    album: HeldOutAlbum, person: int, variant: str, settings: Settings, judge: Judge
) -> RunResult:
    """Measure the base prior with tokens as they start, at the words for their colours."""
    prior = load_prior(find_model(settings.prior))
    teach_words(prior, album.table, list(album.photos))
    judged = _sampled(prior, album, person, settings, judge, tokens=True)
    return _result(prior, album, person, variant, settings, judge, judged)


def run_true_photos(
    album: HeldOutAlbum, person: int, variant: str, settings: Settings, judge: Judge
) -> RunResult:
    """Judge the photos of another day in place of samples: no personalisation can do better."""
    prior = load_prior(find_model(settings.prior))
    images, wanted = _photos_of_another_day(prior, album, settings.seed)
    judged = _judged(images, wanted, album, judge.perception)
    return _result(prior, album, person, variant, settings, judge, judged)


@torch.no_grad()
def run_encoded_photos(
    album: HeldOutAlbum, person: int, variant: str, settings: Settings, judge: Judge
) -> RunResult:
    """The same photos as the prior's autoencoder gives them back: its samples can't be finer."""
    prior = load_prior(find_model(settings.prior))
    images, wanted = _photos_of_another_day(prior, album, settings.seed)
    decoded = prior.decode_latents(prior.encode_images(images)).clamp(0, 1)
    judged = _judged(decoded, wanted, album, judge.perception)
    return _result(prior, album, person, variant, settings, judge, judged)


def _photos_of_another_day(
    prior: Prior, album: HeldOutAlbum, seed: int
) -> tuple[Tensor, list[tuple[View, Framing | None]]]:
    """Squares (B, S, S, 3) in 0..1 of the framings that are sampled, and what each shows."""
    cuts = [
        cut
        for cut in cut_pictures(album.unseen, len(album.table.assets), prior.image_size, 0, seed)
        if cut.framing in SAMPLED_FRAMINGS
    ]
    images = torch.from_numpy(np.stack([cut.image for cut in cuts])).float() / 255
    return images, [(cut.view, cut.framing) for cut in cuts]


@dataclass(frozen=True)
class _Judged:
    """What the perception network says of pictures."""

    colors: list[dict[str, Floats]]
    """Per picture, kind to median colour."""
    asked: list[tuple[Asset, ...]]
    views: tuple[int, int]
    framings: tuple[int, int]


def assets_seen(album: HeldOutAlbum, view: View, framing: Framing | None) -> tuple[Asset, ...]:
    """The assets that the framing can show and that the album's photos of that side do show.

    A shirt under a closed coat has no colour from behind.
    """
    masks = [photo.mask for photo in album.photos if photo.labels.view == view]
    kinds = seen_kinds(view, framing)
    return tuple(
        asset
        for number, asset in enumerate(album.table.assets)
        if asset.kind in kinds
        and any((mask == number + 1).mean() >= VISIBLE_SHARE for mask in masks)
    )


def _sampled(
    prior: Prior,
    album: HeldOutAlbum,
    person: int,
    settings: Settings,
    judge: Judge,
    *,
    tokens: bool,
) -> _Judged:
    write = token_prompt if tokens else class_prompt
    wanted: list[tuple[View, Framing | None]] = [
        (view, framing) for framing in SAMPLED_FRAMINGS for view in VIEWS
    ]
    prompts = [
        write(
            album.table.subject,
            assets_seen(album, view, framing),
            view,
            framing,
            "photo",
            "grey",
        )
        for view, framing in wanted
    ]
    generator = torch_generator(settings.seed, "evaluation", "samples", person)
    guidance = settings.personalization.sampling_guidance
    samples = sample_images(prior, prompts, SAMPLING_STEPS, guidance, generator)
    return _judged(samples, wanted, album, judge.perception)


@torch.no_grad()
def _judged(
    pictures: Tensor,
    wanted: Sequence[tuple[View, Framing | None]],
    album: HeldOutAlbum,
    perception: Perception,
) -> _Judged:
    perceived = [perception.perceive(picture) for picture in pictures]
    asked = [assets_seen(album, view, framing) for view, framing in wanted]
    views = sum(s.word("view") == view for s, (view, _) in zip(perceived, wanted, strict=True))
    framings = sum(
        s.word("framing") == framing for s, (_, framing) in zip(perceived, wanted, strict=True)
    )
    return _Judged(
        [
            colors_in(picture.numpy(), seen.labels.numpy(), seen.pixel_classes, assets)
            for picture, seen, assets in zip(pictures, perceived, asked, strict=True)
        ],
        asked,
        (views, len(wanted)),
        (framings, len(wanted)),
    )


def _result(
    prior: Prior,
    album: HeldOutAlbum,
    person: int,
    variant: str,
    settings: Settings,
    judge: Judge,
    judged: _Judged,
    seconds: float = 0.0,
    own_losses: tuple[float, float] | None = None,
) -> RunResult:
    truth = album_colors(album)
    album_loss, unseen_loss = own_losses or (None, None)
    return RunResult(
        person=person,
        seed=settings.seed,
        variant=variant,
        seconds=round(seconds, 1),
        color_differences=color_differences(judged.colors, truth),
        shown={
            asset.kind: (
                sum(asset.kind in found for found in judged.colors),
                sum(asset in assets for assets in judged.asked),
            )
            for asset in album.table.assets
        },
        views=judged.views,
        framings=judged.framings,
        leaks=count_leaks(judged.colors, truth),
        album_loss=album_loss,
        unseen_loss=unseen_loss,
        others_loss=_loss_of_others(prior, judge.other_photos, judge.photo_prompts),
        normals_loss=_loss_of_others(prior, judge.other_normals, judge.normal_prompts),
    )


def album_colors(album: HeldOutAlbum) -> dict[str, Floats]:
    """Kind to its median colour over the album's photos, sRGB 0..1."""
    medians = asset_colors(album.photos, len(album.table.assets))
    return {
        asset.kind: median / 255
        for asset, median in zip(album.table.assets, medians, strict=True)
        if median is not None
    }


def color_differences(
    colors: Sequence[Mapping[str, Floats]], truth: Mapping[str, Floats]
) -> dict[str, float]:
    """Median colour difference of each kind over the samples that show it."""
    return {
        kind: float(np.median([color_difference(c[kind], true) for c in colors if kind in c]))
        for kind, true in truth.items()
        if any(kind in c for c in colors)
    }


def count_leaks(
    colors: Sequence[Mapping[str, Floats]], truth: Mapping[str, Floats]
) -> tuple[int, int]:
    """How often a garment's colour is nearer to another garment's than to its own.

    Args:
        colors: per sample, kind to the median colour seen.
        truth: kind to the album's colour.

    Returns:
        Leaks, and (sample, garment, other garment) with colours that can be told apart.
    """
    leaks = asked = 0
    for sample in colors:
        for kind in GARMENTS:
            for other in GARMENTS:
                if kind not in sample or kind == other or not {kind, other} <= truth.keys():
                    continue
                if color_difference(truth[kind], truth[other]) < DISTINCT:
                    continue
                asked += 1
                to_other = color_difference(sample[kind], truth[other])
                leaks += bool(to_other < color_difference(sample[kind], truth[kind]))
    return leaks, asked


def colors_in(
    image: Floats, labels: np.ndarray, classes: Sequence[str], assets: Sequence[Asset]
) -> dict[str, Floats]:
    """Kind to the median colour of its pixels, where there are enough."""
    colors: dict[str, Floats] = {}
    for asset in assets:
        numbers = [classes.index(name) for name in KIND_CLASSES[asset.kind]]
        pixels = image[np.isin(labels, numbers)]
        if len(pixels) >= LEAST_PIXELS:
            colors[asset.kind] = np.median(pixels, axis=0)
    return colors


def _losses_of_the_person(prior: Prior, album: HeldOutAlbum, seed: int) -> tuple[float, float]:
    """Masked loss of the album's photos, and of photos of another day."""
    first, second = (
        _masked_loss_of(prior, album, photos, seed) for photos in (album.photos, album.unseen)
    )
    return first, second


@torch.no_grad()
def _masked_loss_of(
    prior: Prior, album: HeldOutAlbum, photos: Sequence[MaskedPhoto], seed: int
) -> float:
    assets = album.table.assets
    cuts = cut_pictures(photos, len(assets), prior.image_size, 0, seed)
    pictures = encode_pictures(prior, cuts, lambda: None)
    masks = torch.stack(
        [
            union_mask(pictures.masks[i], seen, pictures.backgrounds[i])
            for i, seen in enumerate(pictures.visible)
        ]
    )
    prompts = [
        token_prompt(album.table.subject, [assets[i] for i in seen], view, framing)
        for seen, view, framing in zip(
            pictures.visible, pictures.views, pictures.framings, strict=True
        )
    ]
    return _loss(prior, pictures.latents, masks, prompts)


def _loss_of_others(prior: Prior, images: np.ndarray, prompts: list[str]) -> float:
    latents = encode_images(prior, images, lambda: None)
    return _loss(prior, latents, torch.ones_like(latents[:, 0]), prompts)


@torch.no_grad()
def _loss(prior: Prior, latents: Tensor, masks: Tensor, prompts: Sequence[str]) -> float:
    """Mean over noise levels that are the same in every run, and over the pictures."""
    embeddings = prior.encode_prompts(prompts)
    generator = torch_generator(0, "evaluation", "noise")
    losses: list[float] = []
    for level in _NOISE_LEVELS:
        times = torch.full((len(latents),), level)
        noise = torch.randn(latents.shape, generator=generator)
        noisy = prior.add_noise(latents, noise, times)
        output = prior.predict(noisy, times, embeddings)
        losses.append(
            float(masked_loss(output, prior.training_target(latents, noise, times), masks))
        )
    return float(np.mean(losses))
