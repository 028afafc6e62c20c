"""Making an avatar, a variant of one, or a clip with one, in a folder of its own."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from album2avatar.album_choice import (
    AlbumChoice,
    write_album_choice,
    write_prompt,
)
from album2avatar.asset_edits import finish_edit
from album2avatar.clip.record import begin_clip
from album2avatar.errors import SettingsError
from album2avatar.json_models import write_model
from album2avatar.manifest import (
    locked,
    open_workspace,
)
from album2avatar.model_folders import find_model
from album2avatar.pipeline.flows import CLIP_STAGES, PROMPT_STAGES, STAGES, SWAP_STAGES
from album2avatar.pipeline.running import configure_torch, run_stages
from album2avatar.pipeline.stage import Stage
from album2avatar.progress import ProgressEvent
from album2avatar.run_log import logged_to
from album2avatar.settings import Settings
from album2avatar.wardrobe.garment import GarmentChoice
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.wardrobe.variant import begin_variant
from album2avatar.workspace import Workspace

LONGEST_PROMPT = 400
"""Letters; more than any text encoder reads."""


def create_avatar(
    album: Path,
    root: Path,
    settings: Settings,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
    *,
    photos: Sequence[str] | None = None,
    keep: Sequence[str] = (),
    leave_out: Sequence[str] = (),
    last_stage: str = "export",
) -> Workspace:
    """Run every stage that is not done yet, up to and with the last one wanted.

    Args:
        album: folder of the artist's photos and videos, or one video; never written to.
        root: the avatar's folder; new, empty, or a workspace to go on with.
        settings: what the avatar is made with.
        listener: called with each report of progress.
        cancelled: set it to stop between two steps.
        photos: names of the photos to use; where None, those that nothing speaks against.
        keep: names of photos to use though something speaks against them.
        leave_out: names of photos not to use.
        last_stage: name of the stage after which to stop.

    Raises:
        Album2AvatarError: with a message for the artist; the workspace can be resumed.
    """
    choice = AlbumChoice(album.resolve(), photos, keep, leave_out)
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
        write_model(workspace.settings_file, settings)
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
        write_model(variant.settings_file, settings)
        configure_torch(settings)
        with logged_to(variant.log):
            run_stages(SWAP_STAGES, variant, settings, manifest, listener, cancelled)
    return variant


def animate_avatar(
    avatar: Path,
    video: Path,
    output: Path,
    settings: Settings,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> Workspace:
    """Put a video of the person on their avatar; the same call resumes.

    Args:
        avatar: folder of the finished avatar; never written to, and not needed afterwards.
        video: the file; only read.
        output: the clip's folder; new, empty, or the clip to go on with.
        settings: usually the avatar's own; the section `clip` trims the video.

    Raises:
        AlbumError: the video can't be read, is too long, or doesn't show the person.
        Album2AvatarError: with a message for the artist; the clip can be resumed.
    """
    clip = Workspace(output)
    with locked(clip):
        manifest = open_workspace(output)
        begin_clip(Workspace(avatar), video, clip, settings.clip)
        write_model(clip.settings_file, settings)
        configure_torch(settings)
        with logged_to(clip.log):
            run_stages(CLIP_STAGES, clip, settings, manifest, listener, cancelled)
    return clip


def _up_to(last_stage: str) -> tuple[Stage, ...]:
    names = [stage.name for stage in STAGES]
    return STAGES[: names.index(last_stage) + 1]
