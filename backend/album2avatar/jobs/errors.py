"""What can be wrong with a request to the jobs, and the short codes of all errors."""

import traceback
from collections.abc import Mapping

from pydantic import ValidationError

from album2avatar.errors import (
    Album2AvatarError,
    AlbumError,
    CancelledError,
    ExportError,
    FullMemoryError,
    MeshError,
    ModelError,
    SettingsError,
    WardrobeError,
    WorkspaceError,
)


class NotFoundError(Album2AvatarError):
    """There is no job, album, asset, wardrobe entry or artifact of that name."""


class ConflictError(Album2AvatarError):
    """The request doesn't fit to the present state, such as deleting a running job."""


_CODES: Mapping[type[Album2AvatarError], str] = {
    SettingsError: "settings",
    AlbumError: "album",
    ModelError: "model",
    WorkspaceError: "workspace",
    WardrobeError: "wardrobe",
    MeshError: "mesh",
    ExportError: "export",
    FullMemoryError: "out_of_memory",
    CancelledError: "cancelled",
    NotFoundError: "not_found",
    ConflictError: "conflict",
}


def code_of(error: Album2AvatarError) -> str:
    """Give the short, lasting code by which programs tell errors apart."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), "error")


def describe(error: BaseException) -> str:
    """Tell the kind and the place of an error, without its text: that may name photos."""
    if isinstance(error, ValidationError):
        fields = {".".join(map(str, found["loc"])) for found in error.errors()}
        return f"wrong fields: {', '.join(sorted(fields))}"
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    return f"{type(error).__name__} in {places}"
