"""The beginning of a clip: which avatar and video it is of, and copies of the avatar."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from album2avatar.asset_table import load_asset_table, save_asset_table
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.json_models import write_model
from album2avatar.settings import ClipSettings
from album2avatar.workspace import Workspace
from album2avatar.workspace_copies import copy_file, copy_maps, require_finished


class ClipRecord(BaseModel):
    """`clip.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    avatar: str
    """Folder of the avatar that it was begun with; it may be gone."""
    video: str
    """Absolute path of the video."""
    start: float = Field(ge=0)
    """Second at which the clip begins."""
    end: float = Field(ge=0)
    """Second at which it ends; 0 for the video's end."""


def begin_clip(avatar: Workspace, video: Path, clip: Workspace, settings: ClipSettings) -> None:
    """Write the clip's record, and copy what it needs of the avatar into its `base`.

    Where the copies are made already, for the same avatar and video, only the trim is renewed.

    Raises:
        AlbumError: there is no such video, or it would end before it begins.
        WorkspaceError: the avatar is not finished, or the folder holds another clip.
    """
    if settings.end and settings.end <= settings.start:
        raise AlbumError(
            f"The clip would end at {settings.end:g} s, before it begins at {settings.start:g} s. "
            "Change clip.start or clip.end."
        )
    record = ClipRecord(
        avatar=str(avatar.root.resolve()),
        video=str(video.resolve()),
        start=settings.start,
        end=settings.end,
    )
    if clip.clip_file.exists():
        known = load_clip(clip)
        if (known.avatar, known.video) != (record.avatar, record.video):
            raise WorkspaceError(
                f"{clip.root} holds a clip of another avatar or video ({known.video}). Choose "
                "another folder."
            )
    else:
        if not video.is_file():
            raise AlbumError(f"{video} is no file. Choose a video of the person.")
        _copy_avatar(avatar, clip.base)
    # Written last, it says that the copies are whole.
    write_model(clip.clip_file, record)


def load_clip(clip: Workspace) -> ClipRecord:
    """Read `clip.json`.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    try:
        return ClipRecord.model_validate_json(clip.clip_file.read_bytes())
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"{clip.root} holds no clip. Make one: album2avatar animate."
        ) from error
    except (OSError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise WorkspaceError(
            f"{clip.clip_file} is damaged ({reason}). Make the clip anew in another folder."
        ) from error


def _copy_avatar(avatar: Workspace, copy: Workspace) -> None:
    require_finished(avatar)
    for source, target in (
        (avatar.body, copy.body),
        (avatar.rigged, copy.rigged),
        (avatar.albedo, copy.albedo),
    ):
        copy_file(source, target)
    copy_maps(avatar, copy)
    # The clip asks for what the person wears, never for the album's photos.
    table = load_asset_table(avatar)
    save_asset_table(copy, table.model_copy(update={"photos": ()}))
