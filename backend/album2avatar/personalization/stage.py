"""The stage that teaches the prior the album's person (PuzzleBooth)."""

from pathlib import Path

import numpy as np
from PIL import Image

from album2avatar.asset_table import load_asset_table, load_mask
from album2avatar.assets import FRAMINGS, VIEWS, AssetTable
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.model_folders import find_model
from album2avatar.personalization.crops import Image8
from album2avatar.personalization.pictures import MaskedPhoto, asset_colors
from album2avatar.personalization.preparation import kept_data, prepare_data
from album2avatar.personalization.preview import preview_prompts, write_preview
from album2avatar.personalization.stopwatch import Stopwatch
from album2avatar.personalization.training import Trainer
from album2avatar.prior.colors import nearest_color_word
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import (
    TOKENS_FILE,
    PersonalizationRecord,
    asset_names,
    hash_of_weights,
    save_record,
    token_prompt,
)
from album2avatar.prior.prompt_limit import require_whole_prompt
from album2avatar.prior.tokens import add_tokens, save_tokens
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Learn a token for each asset, then an adapter for the whole person."""
    table = load_asset_table(workspace)
    photos = load_photos(workspace, table)
    prior_folder = find_model(settings.prior)
    prior = load_prior(prior_folder, choose_device(settings.device))
    teach_words(prior, table, photos)
    require_prompts_fit(prior, table, settings.prompt_addition)

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    data = prepare_data(prior, table, photos, settings, job, checkpoint)
    own = settings.personalization
    trainer = Trainer(prior, data, own, settings.seed)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        trainer.restore(checkpoint.tensors)
    prompts = preview_prompts(table.subject, table.assets)
    total = own.token_steps + own.adapter_steps
    stopwatch = Stopwatch(prior.device)
    for step in job.steps(total, start):
        with stopwatch:
            losses = trainer.train_step(step)
        done, preview = step + 1, None
        if done % own.preview_every == 0 or done == total:
            preview = workspace.preview(job.stage, done)
            write_preview(
                preview, prior, prompts, own.sampling_steps, own.sampling_guidance, settings.seed
            )
        if done % own.checkpoint_every == 0 and done < total:
            kept = kept_data(data)
            save_checkpoint(checkpoint_path, done, trainer.tensors() | kept.tensors, kept.metadata)
        job.report(done, total, metrics={**losses, **stopwatch.metrics()}, preview=preview)

    folder = workspace.personalization
    trainer.finish(folder)
    save_tokens(folder / TOKENS_FILE, prior, [asset.token for asset in table.assets])
    save_record(
        folder,
        PersonalizationRecord(
            subject=table.subject,
            assets=table.assets,
            prior=settings.prior,
            prior_hash=hash_of_weights(prior_folder),
            prompts=prompts,
        ),
    )
    checkpoint_path.unlink(missing_ok=True)


def load_photos(workspace: Workspace, table: AssetTable) -> list[MaskedPhoto]:
    """Read the album's photos and masks.

    Raises:
        AlbumError: a mask has another size than its photo, or no photo shows an asset.
    """
    photos: list[MaskedPhoto] = []
    for labels in table.photos:
        image = _read_photo(workspace.photo(labels.photo))
        mask = load_mask(workspace, labels.photo)
        if image.shape[:2] != mask.shape:
            raise AlbumError(
                f"{workspace.mask(labels.photo)} is {mask.shape[1]}x{mask.shape[0]} pixels, its "
                f"photo {image.shape[1]}x{image.shape[0]}. Save the mask at the photo's size."
            )
        if mask.any():
            photos.append(MaskedPhoto(labels, image, mask))
    if not photos:
        raise AlbumError(
            f"No mask in {workspace.mask('*').parent} shows an asset. Check the masks, or run the "
            "segmentation again."
        )
    return photos


def teach_words(prior: Prior, table: AssetTable, photos: list[MaskedPhoto]) -> None:
    """Add a token for each asset, at the word for its colour; the face's at the class word.

    From a colour word the first phase has little way to go; from a rare word it wanders.
    """
    starts: dict[str, str] = {}
    colors = asset_colors(photos, len(table.assets))
    for asset, color in zip(table.assets, colors, strict=True):
        if color is None or asset.kind == "face":
            starts[asset.token] = table.subject
        else:
            starts[asset.token] = nearest_color_word(asset.kind, color)
    add_tokens(prior, starts)


def require_prompts_fit(prior: Prior, table: AssetTable, addition: str) -> None:
    """Check the longest prompts, those that name all assets, and the later stages' addition.

    Raises:
        ModelError, SettingsError: see `require_whole_prompt`.
    """
    names = asset_names(table.assets)
    tail = f", {addition.strip()}" if addition.strip() else ""
    for view in VIEWS:
        for framing in FRAMINGS:
            prompts = (
                token_prompt(table.subject, table.assets, view, framing, "photo", "orange"),
                token_prompt(table.subject, table.assets, view, framing, "normal map"),
            )
            for prompt in prompts:
                require_whole_prompt(prior, prompt + tail, names, addition.strip())


def _read_photo(path: Path) -> Image8:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise WorkspaceError(
            f"{path} is missing or damaged ({error}). Delete {path.parent.parent} and run the "
            "command again; the photos are then taken in anew."
        ) from error
