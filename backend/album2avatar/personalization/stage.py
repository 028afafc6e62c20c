"""The stage that teaches the prior the album's person (PuzzleBooth)."""

from pathlib import Path

import numpy as np
from PIL import Image

from album2avatar.asset_table import load_asset_table, load_mask
from album2avatar.assets import FRAMINGS, VIEWS, AssetTable
from album2avatar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.model_folders import find_model
from album2avatar.personalization.colors import nearest_color_word
from album2avatar.personalization.crops import Image8
from album2avatar.personalization.pictures import (
    MaskedPhoto,
    asset_colors,
    cut_pictures,
    encode_pictures,
)
from album2avatar.personalization.preservation import plan_class_pictures, sample_class_latents
from album2avatar.personalization.preview import preview_prompts, write_preview
from album2avatar.personalization.training import Trainer, TrainingData
from album2avatar.prior.adapter import save_adapter
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import (
    TOKENS_FILE,
    PersonalizationRecord,
    asset_names,
    hash_of_weights,
    save_record,
    token_prompt,
)
from album2avatar.prior.tokens import add_tokens, require_tokens_kept, save_tokens
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
    require_prompts_fit(prior, table)

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    data = prepare_data(prior, table, photos, settings, job, checkpoint)
    own = settings.personalization
    trainer = Trainer(prior, data, own, settings.seed)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        trainer.restore(start, checkpoint.tensors)
    prompts = preview_prompts(table.subject, table.assets)
    total = own.token_steps + own.adapter_steps
    for step in job.steps(total, start):
        losses = trainer.train_step(step)
        done, preview = step + 1, None
        if done % own.preview_every == 0 or done == total:
            preview = workspace.preview(job.stage, done)
            write_preview(
                preview, prior, prompts, own.sampling_steps, own.sampling_guidance, settings.seed
            )
        if done % own.checkpoint_every == 0 and done < total:
            state = trainer.tensors() | {"class_latents": data.class_latents}
            save_checkpoint(checkpoint_path, done, state)
        job.report(done, total, metrics=losses, preview=preview)

    trainer.tokens.finish()
    folder = workspace.personalization
    save_tokens(folder / TOKENS_FILE, prior, [asset.token for asset in table.assets])
    save_adapter(folder, prior)
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


def require_prompts_fit(prior: Prior, table: AssetTable) -> None:
    """Check the longest prompts, those that name all assets."""
    names = asset_names(table.assets)
    for view in VIEWS:
        for framing in FRAMINGS:
            prompts = (
                token_prompt(table.subject, table.assets, view, framing, "photo", "orange"),
                token_prompt(table.subject, table.assets, view, framing, "normal map"),
            )
            for prompt in prompts:
                require_tokens_kept(prior, prompt, names)


def prepare_data(
    prior: Prior,
    table: AssetTable,
    photos: list[MaskedPhoto],
    settings: Settings,
    job: JobControl,
    checkpoint: Checkpoint | None,
) -> TrainingData:
    """Cut and encode the album; sample the class pictures, or take them from the checkpoint."""
    own = settings.personalization
    cuts = cut_pictures(
        photos, len(table.assets), prior.image_size, own.plain_background_copies, settings.seed
    )
    pictures = encode_pictures(prior, cuts, job.raise_if_cancelled)
    plans = plan_class_pictures(table.subject, table.assets, own.class_pictures, settings.seed)
    if checkpoint is None:
        latents = sample_class_latents(
            prior,
            plans,
            own.sampling_steps,
            own.sampling_guidance,
            own.class_batch_size,
            settings.seed,
            job.raise_if_cancelled,
        )
    else:
        latents = checkpoint.tensors["class_latents"].to(prior.device)
    return TrainingData(table.subject, table.assets, pictures, tuple(plans), latents)


def _read_photo(path: Path) -> Image8:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, SyntaxError) as error:
        raise WorkspaceError(
            f"{path} is missing or damaged ({error}). Delete {path.parent.parent} and run the "
            "command again; the photos are then taken in anew."
        ) from error
