"""How well two albums' adapters work together: one person's samples in another one's garment."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import VIEWS, Asset, AssetKind, AssetTable, Framing, View
from album2avatar.evaluation.held_out_albums import HeldOutAlbum
from album2avatar.evaluation.metrics import Floats
from album2avatar.evaluation.personalization_runs import (
    SAMPLED_FRAMINGS,
    SAMPLING_STEPS,
    album_colors,
    assets_seen,
    color_differences,
    colors_in,
    count_leaks,
)
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perception
from album2avatar.personalization.pictures import MaskedPhoto
from album2avatar.personalization.preparation import prepare_data
from album2avatar.personalization.training import Trainer
from album2avatar.prior.adapter import load_adapter, merge_saved_adapter
from album2avatar.prior.composition import combine_tokens
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import TOKENS_FILE, seen_kinds, token_prompt
from album2avatar.prior.sampling import sample_images
from album2avatar.prior.tokens import load_tokens
from album2avatar.progress import silent_job
from album2avatar.seeding import torch_generator
from album2avatar.settings import Settings
from album2avatar.wardrobe.layers import taken_off
from album2avatar.workspace import Workspace

_GARMENT_TOKEN = "<garment>"


@dataclass(frozen=True)
class Outfit:
    """A person in the garment of another one, both of them personalised apart."""

    wearer: Workspace
    giver: Workspace
    wearer_album: HeldOutAlbum
    giver_album: HeldOutAlbum
    kind: AssetKind

    @property
    def garment(self) -> Asset:
        """The giver's garment, as the composed prior calls it."""
        return self._own_garment().model_copy(update={"token": _GARMENT_TOKEN})

    @property
    def kept(self) -> tuple[Asset, ...]:
        """What the wearer keeps on."""
        worn = load_asset_table(self.wearer).assets
        off = taken_off(self.kind, [asset.kind for asset in worn])
        return tuple(asset for asset in worn if asset.kind not in off)

    def read_tokens(self, prior: Prior) -> None:
        """Teach a prior the wearer's words, and the garment's."""
        own = self._own_garment()
        kept = {asset.token: asset.token for asset in self.kept}
        with tempfile.TemporaryDirectory() as name:
            combine_tokens(
                Path(name) / TOKENS_FILE,
                [
                    (self.wearer.personalization / TOKENS_FILE, kept),
                    (self.giver.personalization / TOKENS_FILE, {own.token: _GARMENT_TOKEN}),
                ],
            )
            load_tokens(Path(name) / TOKENS_FILE, prior)

    def _own_garment(self) -> Asset:
        """The garment, as the giver's prior calls it."""
        worn = load_asset_table(self.giver).assets
        return next(asset for asset in worn if asset.kind == self.kind)


@dataclass(frozen=True)
class OutfitResult:
    """What samples of an outfit show."""

    garment: float
    """Median colour difference (CIE 1976) of the garment to the giver's album; NaN where no
    sample shows it."""
    kept: float
    """The same of what the wearer keeps, to her own album; the median over assets."""
    leaks: tuple[int, int]
    """(Samples in which a garment looks more like another one of the outfit, asked)."""


def summed(outfit: Outfit, settings: Settings, wearer: float, giver: float) -> Prior:
    """A prior with the weighted sum of both adapters.

    Factors side by side with the same weights are the same sum, exactly.
    """
    prior = load_prior(find_model(settings.prior))
    outfit.read_tokens(prior)
    merge_saved_adapter(prior, outfit.wearer.personalization, wearer)
    merge_saved_adapter(prior, outfit.giver.personalization, giver)
    return prior


def trained_together(outfit: Outfit, settings: Settings, steps: int) -> Prior:
    """The sum of both adapters, trained on with the wearer's photos and cut-outs of the garment."""
    prior = summed(outfit, settings, 1.0, 0.5)
    own = settings.personalization.model_copy(update={"token_steps": 0, "adapter_steps": steps})
    short = settings.model_copy(update={"personalization": own})
    table, photos = _joint_album(outfit)
    data = prepare_data(prior, table, photos, short, silent_job("personalize"), None)
    trainer = Trainer(prior, data, own, settings.seed)
    for step in range(steps):
        trainer.train_step(step)
    with tempfile.TemporaryDirectory() as name:
        trainer.finish(Path(name))
        fresh = summed(outfit, settings, 1.0, 0.5)
        load_adapter(Path(name), fresh)
    return fresh


def measure_outfit(
    prior: Prior, outfit: Outfit, perception: Perception, settings: Settings
) -> OutfitResult:
    """Sample the outfit from all sides, and hold its colours against both albums'."""
    wanted: list[tuple[View, Framing]] = [
        (view, framing) for framing in SAMPLED_FRAMINGS for view in VIEWS
    ]
    asked = [_seen(outfit, view, framing) for view, framing in wanted]
    prompts = [
        token_prompt(outfit.wearer_album.table.subject, assets, view, framing, "photo", "grey")
        for assets, (view, framing) in zip(asked, wanted, strict=True)
    ]
    generator = torch_generator(settings.seed, "evaluation", "outfit")
    guidance = settings.personalization.sampling_guidance
    with torch.no_grad():
        samples = sample_images(prior, prompts, SAMPLING_STEPS, guidance, generator)
        colors: list[dict[str, Floats]] = []
        for sample, assets in zip(samples, asked, strict=True):
            seen = perception.perceive(sample)
            labels = seen.labels.numpy()
            colors.append(colors_in(sample.numpy(), labels, seen.pixel_classes, assets))
    truth = _true_colors(outfit)
    differences = color_differences(colors, truth)
    kept = [value for kind, value in differences.items() if kind != outfit.kind]
    garment = differences.get(outfit.kind, float("nan"))
    return OutfitResult(garment, float(np.median(kept)), count_leaks(colors, truth))


def _seen(outfit: Outfit, view: View, framing: Framing) -> tuple[Asset, ...]:
    own = {asset.kind for asset in assets_seen(outfit.wearer_album, view, framing)}
    kept = [asset for asset in outfit.kept if asset.kind in own]
    worn = [outfit.garment] if outfit.kind in seen_kinds(view, framing) else []
    return (*kept, *worn)


def _true_colors(outfit: Outfit) -> dict[str, Floats]:
    kinds = {asset.kind for asset in outfit.kept}
    own = {k: v for k, v in album_colors(outfit.wearer_album).items() if k in kinds}
    return own | {outfit.kind: album_colors(outfit.giver_album)[outfit.kind]}


def _joint_album(outfit: Outfit) -> tuple[AssetTable, list[MaskedPhoto]]:
    """Photos of the wearer without what is taken off, and of nothing but the garment."""
    assets = (*outfit.kept, outfit.garment)
    own = _relabelled(outfit.wearer_album, {a.kind: i + 1 for i, a in enumerate(outfit.kept)})
    other = _relabelled(outfit.giver_album, {outfit.kind: len(assets)})
    photos = [photo for photo in (*own, *other) if photo.mask.any()]
    labels = tuple(photo.labels for photo in photos)
    subject = outfit.wearer_album.table.subject
    return AssetTable(subject=subject, assets=assets, photos=labels), photos


def _relabelled(album: HeldOutAlbum, values: dict[AssetKind, int]) -> Sequence[MaskedPhoto]:
    """An album's photos with other mask values; kinds without one are background."""
    table = np.zeros(len(album.table.assets) + 1, np.uint8)
    for place, asset in enumerate(album.table.assets):
        table[place + 1] = values.get(asset.kind, 0)
    return [MaskedPhoto(photo.labels, photo.image, table[photo.mask]) for photo in album.photos]
