"""What the artist asked an avatar to be made of: a folder and which of its photos, or words."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from album2avatar.errors import WorkspaceError
from album2avatar.files import write_json
from album2avatar.workspace import Workspace


@dataclass(frozen=True)
class AlbumChoice:
    """Photos of one folder."""

    folder: Path
    """Absolute; only ever read."""
    photos: Sequence[str] | None
    """File names in the folder; every photo where None."""


def write_album_choice(workspace: Workspace, choice: AlbumChoice) -> None:
    """Write `job.json` atomically.

    Raises:
        WorkspaceError: the avatar in this folder was made from words.
    """
    if _asked(workspace).get("prompt") is not None:
        raise WorkspaceError(
            f"The avatar in {workspace.root} was made from words, not from an album. Choose "
            "another folder."
        )
    photos = {} if choice.photos is None else {"photos": sorted(choice.photos)}
    write_json(workspace.job_file, {"album": str(choice.folder), **photos})


def read_album_choice(workspace: Workspace) -> AlbumChoice:
    """Read `job.json`.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    try:
        values = json.loads(workspace.job_file.read_text(encoding="utf-8"))
        photos = values.get("photos")
        return AlbumChoice(
            Path(values["album"]), None if photos is None else [str(name) for name in photos]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(
            f"{workspace.job_file} does not name the album. Run `album2avatar create` again."
        ) from error


def write_prompt(workspace: Workspace, prompt: str) -> None:
    """Write a description in place of an album into `job.json`, atomically.

    Raises:
        WorkspaceError: the avatar in this folder was made from an album.
    """
    if _asked(workspace).get("album") is not None:
        raise WorkspaceError(
            f"The avatar in {workspace.root} was made from an album, not from words. Choose "
            "another folder; words are added to an album's person with the album and --prompt."
        )
    write_json(workspace.job_file, {"prompt": prompt})


def read_prompt(workspace: Workspace) -> str:
    """Read the description in `job.json`.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    prompt = _asked(workspace).get("prompt")
    if not isinstance(prompt, str):
        raise WorkspaceError(
            f"{workspace.job_file} has no prompt. Run `album2avatar create --prompt` again."
        )
    return prompt


def _asked(workspace: Workspace) -> dict[str, Any]:
    """What `job.json` holds; nothing where it is missing or damaged."""
    try:
        values = json.loads(workspace.job_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", values) if isinstance(values, dict) else {}
