"""What can be wrong with a request to the jobs, and the short codes of all errors."""

from collections.abc import Mapping

from album2avatar.errors import (
    Album2AvatarError,
    AlbumError,
    CancelledError,
    ExportError,
    MeshError,
    ModelError,
    SettingsError,
    WorkspaceError,
)


class NotFoundError(Album2AvatarError):
    """There is no job, album, asset or artifact of that name."""


class ConflictError(Album2AvatarError):
    """The request doesn't fit to the present state, such as deleting a running job."""


_CODES: Mapping[type[Album2AvatarError], str] = {
    SettingsError: "settings",
    AlbumError: "album",
    ModelError: "model",
    WorkspaceError: "workspace",
    MeshError: "mesh",
    ExportError: "export",
    CancelledError: "cancelled",
    NotFoundError: "not_found",
    ConflictError: "conflict",
}


def code_of(error: Album2AvatarError) -> str:
    """Give the short, lasting code by which programs tell errors apart."""
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), "error")
