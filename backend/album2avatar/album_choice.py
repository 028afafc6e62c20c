"""What the artist asked an avatar to be made of: a folder, and which of its photos."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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
    """Write `job.json` atomically."""
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
