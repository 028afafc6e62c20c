"""The order of the stages, and the only place that knows it.

A stage is skipped while its inputs, its settings and its version are those of its last
finished run. Resuming is therefore the same act as running.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from album2avatar.album import stage as album_stage
from album2avatar.album_choice import (
    AlbumChoice,
    read_album_choice,
    write_album_choice,
    write_prompt,
)
from album2avatar.asset_edits import finish_edit
from album2avatar.description import stage as description_stage
from album2avatar.errors import SettingsError
from album2avatar.export import stage as export_stage
from album2avatar.files import write_bytes
from album2avatar.fitting import stage as fitting_stage
from album2avatar.manifest import (
    Manifest,
    StageRecord,
    hash_files,
    locked,
    open_workspace,
    save_manifest,
)
from album2avatar.model_folders import find_model
from album2avatar.paint import stage as paint_stage
from album2avatar.paint import swap_stage as paint_swap_stage
from album2avatar.personalization import stage as personalization_stage
from album2avatar.personalization import swap_stage as personalization_swap_stage
from album2avatar.progress import JobControl, ProgressEvent
from album2avatar.rig import stage as rig_stage
from album2avatar.rig import swap_stage as rig_swap_stage
from album2avatar.run_log import logged_to
from album2avatar.sculpt import stage as sculpt_stage
from album2avatar.sculpt import swap_stage as sculpt_swap_stage
from album2avatar.segmentation import stage as segmentation_stage
from album2avatar.segmentation.grounded_sam.models import grounded_sam_models
from album2avatar.settings import Settings
from album2avatar.wardrobe.garment import GarmentChoice
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.wardrobe.variant import begin_variant
from album2avatar.workspace import Workspace

logger = logging.getLogger(__name__)

LONGEST_PROMPT = 400
"""Letters; more than any text encoder reads."""


@dataclass(frozen=True)
class Stage:
    """One stage with what decides whether it has to run again."""

    name: str
    run: Callable[[Workspace, Settings, JobControl], None]
    section: str
    """The section of the settings that it reads."""
    inputs: Callable[[Workspace, Settings], list[Path]]
    outputs: Callable[[Workspace], list[Path]]
    also_reads: tuple[str, ...] = ()
    """Settings outside of its section that decide its result. No more than these: a stage that
    runs again without need throws away what the artist changed in its result."""
    version: int = 1
    """Raised when the same inputs give another result than before."""


def _photos(workspace: Workspace) -> list[Path]:
    return [workspace.album / "photos", workspace.album_index]


def _masks(workspace: Workspace) -> list[Path]:
    return [workspace.asset_table, workspace.asset_table.parent / "masks"]


def _given_to_swap(workspace: Workspace) -> list[Path]:
    """What every stage of a swap that asks the prior reads."""
    return [
        workspace.swap_file,
        workspace.garment,
        workspace.body,
        workspace.asset_table,
        workspace.personalization,
    ]


def _given(path: str) -> list[Path]:
    """The artist's own file or folder, where a setting names one."""
    return [Path(path).expanduser()] if path else []


def _conditioners(settings: Settings) -> list[Path]:
    """The network that leads the second pass, where there is one."""
    second_pass = settings.personalization.second_pass
    return [find_model(second_pass.conditioner)] if second_pass.paints else []


_EXPORT = Stage(
    name="export",
    run=export_stage.run,
    section="export",
    inputs=lambda workspace, settings: [
        workspace.rigged,
        workspace.albedo,
        workspace.asset_table,
        workspace.body,
    ],
    outputs=lambda workspace: [workspace.glb],
    also_reads=("seed", "prior", "prompt_addition"),
)

STAGES: tuple[Stage, ...] = (
    Stage(
        name="intake",
        run=album_stage.run,
        section="album",
        inputs=lambda workspace, settings: [workspace.job_file, *_album_files(workspace)],
        outputs=lambda workspace: [workspace.album_index],
    ),
    Stage(
        name="segment",
        run=segmentation_stage.run,
        section="segmentation",
        inputs=lambda workspace, settings: [
            *_photos(workspace),
            find_model(settings.segmentation.perception),
            *_given(settings.segmentation.masks_folder),
            *grounded_sam_models(settings.segmentation),
        ],
        outputs=lambda workspace: [workspace.asset_table],
    ),
    Stage(
        name="personalize",
        run=personalization_stage.run,
        section="personalization",
        inputs=lambda workspace, settings: [
            *_photos(workspace),
            *_masks(workspace),
            find_model(settings.prior),
            *_conditioners(settings),
        ],
        outputs=lambda workspace: [workspace.personalization / "personalization.json"],
        also_reads=("seed", "device", "prior"),
        version=2,
    ),
    Stage(
        name="fit",
        run=fitting_stage.run,
        section="fitting",
        inputs=lambda workspace, settings: [
            *_photos(workspace),
            *_masks(workspace),
            *_given(settings.fitting.smplx_file),
        ],
        outputs=lambda workspace: [workspace.body, workspace.poses],
    ),
    Stage(
        name="sculpt",
        run=sculpt_stage.run,
        section="sculpt",
        inputs=lambda workspace, settings: [
            workspace.body,
            workspace.poses,
            *_masks(workspace),
            workspace.personalization,
        ],
        outputs=lambda workspace: [workspace.sculpt],
        also_reads=("seed", "device", "prior", "prompt_addition"),
        version=2,
    ),
    Stage(
        name="paint",
        run=paint_stage.run,
        section="paint",
        inputs=lambda workspace, settings: [
            workspace.sculpt,
            workspace.body,
            workspace.poses,
            *_photos(workspace),
            *_masks(workspace),
            workspace.personalization,
        ],
        outputs=lambda workspace: [workspace.painted, workspace.albedo],
        also_reads=("seed", "device", "prior", "prompt_addition"),
        version=2,
    ),
    Stage(
        name="rig",
        run=rig_stage.run,
        section="rig",
        inputs=lambda workspace, settings: [
            workspace.painted,
            workspace.albedo,
            workspace.body,
            workspace.asset_table,
        ],
        outputs=lambda workspace: [workspace.rigged],
        also_reads=("prompt_addition",),
    ),
    _EXPORT,
)
"""From the album to the avatar."""

SWAP_STAGES: tuple[Stage, ...] = (
    Stage(
        name="compose",
        run=personalization_swap_stage.run,
        section="swap",
        inputs=lambda workspace, settings: [
            workspace.swap_file,
            workspace.base.personalization,
            workspace.garment,
            find_model(settings.prior),
        ],
        outputs=lambda workspace: [
            workspace.asset_table,
            workspace.personalization / "personalization.json",
        ],
        also_reads=("prior",),
    ),
    Stage(
        name="sculpt",
        run=sculpt_swap_stage.run,
        section="sculpt",
        inputs=lambda workspace, settings: [
            *_given_to_swap(workspace),
            workspace.base.painted,
        ],
        outputs=lambda workspace: [workspace.sculpt],
        also_reads=("seed", "device", "prior", "prompt_addition", "swap"),
    ),
    Stage(
        name="paint",
        run=paint_swap_stage.run,
        section="paint",
        inputs=lambda workspace, settings: [
            *_given_to_swap(workspace),
            workspace.sculpt,
            workspace.base.painted,
            workspace.base.albedo,
        ],
        outputs=lambda workspace: [workspace.painted, workspace.albedo],
        also_reads=("seed", "device", "prior", "prompt_addition", "swap"),
    ),
    Stage(
        name="rig",
        run=rig_swap_stage.run,
        section="rig",
        inputs=lambda workspace, settings: [
            workspace.sculpt,
            workspace.painted,
            workspace.albedo,
            workspace.body,
            workspace.asset_table,
            workspace.base.rigged,
        ],
        outputs=lambda workspace: [workspace.rigged],
    ),
    _EXPORT,
)
"""From a finished avatar to a variant with another garment."""

PROMPT_STAGES: tuple[Stage, ...] = (
    Stage(
        name="describe",
        run=description_stage.run,
        section="fitting",
        inputs=lambda workspace, settings: [workspace.job_file, find_model(settings.prior)],
        outputs=lambda workspace: [
            workspace.asset_table,
            workspace.body,
            workspace.poses,
            workspace.personalization / "personalization.json",
        ],
        also_reads=("prior",),
    ),
    *(stage for stage in STAGES if stage.name in ("sculpt", "paint", "rig", "export")),
)
"""What makes an avatar from words alone; an album's later stages, which find no photos."""


def create_avatar(
    album: Path,
    root: Path,
    settings: Settings,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
    *,
    photos: Sequence[str] | None = None,
    last_stage: str = "export",
) -> Workspace:
    """Run every stage that is not done yet, up to and with the last one wanted.

    Args:
        album: folder of the artist's photos; never written to.
        root: the avatar's folder; new, empty, or a workspace to go on with.
        settings: what the avatar is made with.
        listener: called with each report of progress.
        cancelled: set it to stop between two steps.
        photos: file names of the photos to use; every photo of the folder where None.
        last_stage: name of the stage after which to stop.

    Raises:
        Album2AvatarError: with a message for the artist; the workspace can be resumed.
    """
    choice = AlbumChoice(album.resolve(), photos)
    return _create(
        lambda workspace: write_album_choice(workspace, choice),
        _up_to(last_stage),
        root,
        settings,
        listener,
        cancelled,
    )


def create_from_prompt(
    prompt: str,
    root: Path,
    settings: Settings,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> Workspace:
    """Make the avatar of a person whom only words describe; arguments as in `create_avatar`.

    Args:
        prompt: such as `a woman with long brown hair wearing a red t-shirt`.

    Raises:
        SettingsError: the prompt is empty or too long.
        Album2AvatarError: with a message for the artist; the workspace can be resumed.
    """
    if not 0 < len(prompt.strip()) <= LONGEST_PROMPT:
        raise SettingsError(
            f"The prompt has {len(prompt.strip())} letters. Describe the person in 1 to "
            f"{LONGEST_PROMPT}."
        )
    return _create(
        lambda workspace: write_prompt(workspace, prompt),
        PROMPT_STAGES,
        root,
        settings,
        listener,
        cancelled,
    )


def _create(
    write_wish: Callable[[Workspace], None],
    stages: Sequence[Stage],
    root: Path,
    settings: Settings,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> Workspace:
    find_model(settings.prior)  # a missing model is said before anything is written
    workspace = Workspace(root)
    with locked(workspace):
        manifest = open_workspace(root)
        write_wish(workspace)
        write_bytes(workspace.settings_file, (settings.model_dump_json(indent=2) + "\n").encode())
        finish_edit(workspace)
        configure_torch(settings)
        with logged_to(workspace.log):
            run_stages(stages, workspace, settings, manifest, listener, cancelled)
    return workspace


def swap_garment(
    base: Path,
    garment: GarmentChoice,
    wardrobe: Wardrobe,
    root: Path,
    settings: Settings,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> Workspace:
    """Make a variant of an avatar with another garment; the same call resumes.

    Args:
        base: folder of the finished avatar; never written to.
        garment: what is put on.
        wardrobe: where an entry is looked for; it is copied, so that it may be deleted later.
        root: the variant's folder; new, empty, or the variant to go on with.
        settings: usually the avatar's own.

    Raises:
        Album2AvatarError: with a message for the artist; the variant can be resumed.
    """
    find_model(settings.prior)
    variant = Workspace(root)
    with locked(variant):
        manifest = open_workspace(root)
        begin_variant(Workspace(base), garment, wardrobe, variant)
        write_bytes(variant.settings_file, (settings.model_dump_json(indent=2) + "\n").encode())
        configure_torch(settings)
        with logged_to(variant.log):
            run_stages(SWAP_STAGES, variant, settings, manifest, listener, cancelled)
    return variant


def _up_to(last_stage: str) -> tuple[Stage, ...]:
    names = [stage.name for stage in STAGES]
    return STAGES[: names.index(last_stage) + 1]


def run_stages(
    stages: Sequence[Stage],
    workspace: Workspace,
    settings: Settings,
    manifest: Manifest,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> None:
    """Run the stages whose fingerprint changed, in order, and record each in the manifest."""
    for stage in stages:
        manifest = _run_where_needed(stage, workspace, settings, manifest, listener, cancelled)


def configure_torch(settings: Settings) -> None:
    """Fix what decides the bits of a result: thread count and deterministic kernels."""
    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)


def fingerprint(stage: Stage, workspace: Workspace, settings: Settings) -> str:
    """Hash of everything that decides a stage's result."""
    section = getattr(settings, stage.section).model_dump(mode="json")
    shared = {name: settings.model_dump(mode="json")[name] for name in stage.also_reads}
    text = json.dumps([stage.version, stage.name, section, shared], sort_keys=True)
    files = hash_files(stage.inputs(workspace, settings))
    return hashlib.sha256((text + files).encode()).hexdigest()


def _run_where_needed(
    stage: Stage,
    workspace: Workspace,
    settings: Settings,
    manifest: Manifest,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> Manifest:
    job = JobControl(stage.name, listener, cancelled)
    job.raise_if_cancelled()
    current = fingerprint(stage, workspace, settings)
    record = manifest.done.get(stage.name)
    is_whole = all(path.exists() for path in stage.outputs(workspace))
    if record is not None and record.fingerprint == current and is_whole:
        listener(ProgressEvent(stage.name, 1, 1, message="already done"))
        return manifest

    if manifest.begun.get(stage.name) != current:
        workspace.checkpoint(stage.name).unlink(missing_ok=True)
        manifest = _with(manifest, begun={stage.name: current}, spent={stage.name: 0.0})
        save_manifest(workspace, manifest)

    logger.info("%s begins", stage.name)
    began = time.monotonic()
    try:
        stage.run(workspace, settings, job)
    except BaseException:
        elapsed = manifest.spent.get(stage.name, 0.0) + time.monotonic() - began
        save_manifest(workspace, _with(manifest, spent={stage.name: elapsed}))
        raise
    seconds = manifest.spent.get(stage.name, 0.0) + time.monotonic() - began
    done = StageRecord(
        fingerprint=current, seconds=round(seconds, 1), peak_mebibytes=_peak_mebibytes()
    )
    manifest = _with(manifest, done={stage.name: done})
    save_manifest(workspace, manifest)
    workspace.checkpoint(stage.name).unlink(missing_ok=True)
    logger.info("%s is done after %.1f s", stage.name, seconds)
    listener(ProgressEvent(stage.name, 1, 1, message=f"done in {seconds:.0f} s"))
    return manifest


def _with(
    manifest: Manifest,
    done: dict[str, StageRecord] | None = None,
    begun: dict[str, str] | None = None,
    spent: dict[str, float] | None = None,
) -> Manifest:
    return manifest.model_copy(
        update={
            "done": manifest.done | (done or {}),
            "begun": manifest.begun | (begun or {}),
            "spent": manifest.spent | (spent or {}),
        }
    )


def _album_files(workspace: Workspace) -> list[Path]:
    choice = read_album_choice(workspace)
    if choice.photos is not None:
        return [choice.folder / name for name in sorted(choice.photos)]
    folder = choice.folder
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def _peak_mebibytes() -> float:
    info = psutil.Process().memory_info()
    peak = getattr(info, "peak_wset", None)
    if peak is None:
        import resource

        # Kibibytes on Linux, bytes on macOS.
        units = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = units if units > 2**33 else units * 1024
    return round(peak / 2**20, 1)
