"""`album.json`: which photos an album has, and where each came from."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from album2avatar.errors import WorkspaceError
from album2avatar.json_models import write_model


class AlbumPhoto(BaseModel):
    """One photo of the album and the original that it was made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """Name of the photo in the workspace, made from the original's name."""
    original: str
    """File name of the original in the album folder."""
    milliseconds: int | None = Field(default=None, ge=0)
    """Of a video's frame: when it is shown."""
    was_rejected: bool = False
    """Something speaks against it, and the artist wants it all the same."""
    sha256: str
    """Hash of the original file."""
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    original_width: int = Field(gt=0)
    original_height: int = Field(gt=0)
    """As stored in the file, before it was turned upright."""
    orientation: int = Field(ge=1, le=8)
    """EXIF orientation of the original; 1 is upright."""


class AlbumIndex(BaseModel):
    """Every photo of the album in the order of the originals' names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    photos: tuple[AlbumPhoto, ...]


def save_album_index(path: Path, index: AlbumIndex) -> None:
    """Write the index atomically."""
    write_model(path, index)


def load_album_index(path: Path) -> AlbumIndex:
    """Read the index of a workspace.

    Raises:
        WorkspaceError: there is none, or it is damaged.
    """
    try:
        return AlbumIndex.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise WorkspaceError(f"{path} is missing. Run the album stage first.") from error
    except (OSError, ValueError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise WorkspaceError(
            f"{path} is damaged ({reason}). Delete it and run the command again; "
            "the album is then read anew."
        ) from error
