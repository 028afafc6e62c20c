"""The stage that teaches the prior the album's person (PuzzleBooth)."""

import shutil
from dataclasses import replace

from album2avatar.album_photos import load_masked_photo
from album2avatar.asset_table import load_asset_table
from album2avatar.assets import FRAMINGS, VIEWS, AssetTable
from album2avatar.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.errors import AlbumError
from album2avatar.model_folders import find_model
from album2avatar.personalization.parts import Lesson, parts_of, pictures_of, plan_lessons
from album2avatar.personalization.pictures import MaskedPhoto, asset_colors
from album2avatar.personalization.preparation import kept_data, prepare_data
from album2avatar.personalization.preview import preview_prompts, write_preview
from album2avatar.personalization.second_pass import (
    ConsistentPictures,
    paint_pictures,
    prepare_second_pass,
    restored_pictures,
)
from album2avatar.personalization.stopwatch import Stopwatch
from album2avatar.personalization.training import Trainer
from album2avatar.prior.colors import nearest_color_word
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import (
    FACE_FOLDER,
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

PAINTED = "second_pass_latents"
"""Name in a checkpoint of what was painted for the second pass."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Learn a token for each asset, then an adapter; for body and face apart where asked."""
    table = load_asset_table(workspace)
    photos = load_photos(workspace, table)
    lessons = plan_lessons(settings.personalization)
    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    done = checkpoint.step if checkpoint is not None else 0
    for lesson in lessons:
        if done < lesson.end:  # the files of what ended earlier are there
            begun = checkpoint if done > lesson.first else None
            _learn(workspace, table, photos, settings, lesson, job, begun)
    folder = workspace.personalization
    if len(lessons) == 1:
        shutil.rmtree(folder / FACE_FOLDER, ignore_errors=True)
    save_record(
        folder,
        PersonalizationRecord(
            subject=table.subject,
            assets=table.assets,
            prior=settings.prior,
            prior_hash=hash_of_weights(find_model(settings.prior)),
            prompts=preview_prompts(table.subject, table.assets),
            has_face=len(lessons) > 1,
        ),
    )
    checkpoint_path.unlink(missing_ok=True)


def _learn(
    workspace: Workspace,
    table: AssetTable,
    photos: list[MaskedPhoto],
    settings: Settings,
    lesson: Lesson,
    job: JobControl,
    checkpoint: Checkpoint | None,
) -> None:
    """Take one lesson, from its first step or from its checkpoint, and write what it taught."""
    own = settings.personalization
    device = choose_device(settings.device)
    prior = load_prior(find_model(settings.prior), device)
    if device.type == "cuda":
        prior.enable_gradient_checkpointing()
    teach_words(prior, table, photos)
    require_prompts_fit(prior, table, settings.prompt_addition)
    second_pass = None
    if own.second_pass.paints and lesson.second_pass < lesson.end:
        second_pass = prepare_second_pass(prior, table, own.second_pass, settings.seed)
    data = prepare_data(prior, table, photos, settings, job, checkpoint)
    shown = {part: pictures_of(part, data.pictures) for part in parts_of(own.adapters)}
    data = replace(data, pictures=shown[lesson.part])
    trainer = Trainer(prior, data, own, settings.seed)
    start = lesson.first
    consistent: ConsistentPictures | None = None
    if checkpoint is not None:
        start = checkpoint.step
        trainer.restore(checkpoint.tensors)
        if second_pass is not None and PAINTED in checkpoint.tensors:
            consistent = restored_pictures(
                second_pass, checkpoint.tensors[PAINTED].to(prior.device)
            )
            trainer.show(consistent)
    prompts = preview_prompts(table.subject, table.assets)
    total = plan_lessons(own)[-1].end
    stopwatch = Stopwatch(prior.device)
    for step in job.steps(lesson.end, start):
        if second_pass is not None and consistent is None and step >= lesson.second_pass:
            consistent = paint_pictures(
                prior, second_pass, own, settings.seed, job.raise_if_cancelled
            )
            trainer.show(consistent)
        with stopwatch:
            losses = trainer.train_step(step - lesson.first)
        done, preview = step + 1, None
        if done % own.preview_every == 0 or done == lesson.end:
            preview = workspace.preview(job.stage, done)
            write_preview(
                preview, prior, prompts, own.sampling_steps, own.sampling_guidance, settings.seed
            )
        if done % own.checkpoint_every == 0 and done < lesson.end:
            kept = kept_data(data)
            tensors = trainer.tensors() | kept.tensors
            if consistent is not None:
                tensors[PAINTED] = consistent.latents
            save_checkpoint(workspace.checkpoint(job.stage), done, tensors, kept.metadata)
        metrics = {**losses, **stopwatch.metrics()}
        job.report(done, total, trainer.memory.news(), metrics, preview)

    folder = workspace.personalization / lesson.part.folder
    trainer.finish(folder)
    save_tokens(folder / TOKENS_FILE, prior, [asset.token for asset in table.assets])


def load_photos(workspace: Workspace, table: AssetTable) -> list[MaskedPhoto]:
    """Read the album's photos and masks.

    Raises:
        AlbumError: a mask has another size than its photo, or no photo shows an asset.
    """
    photos: list[MaskedPhoto] = []
    for labels in table.photos:
        image, mask = load_masked_photo(workspace, labels.photo)
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
