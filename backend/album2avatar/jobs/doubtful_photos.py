"""The photos of an avatar on which the fitted body doesn't lie well."""

from dataclasses import dataclass

from album2avatar.album_report import load_album_report
from album2avatar.errors import WorkspaceError
from album2avatar.fit_report import load_fit_report
from album2avatar.workspace import Workspace


@dataclass(frozen=True)
class DoubtfulPhoto:
    """One of them."""

    id: str
    name: str
    warnings: tuple[str, ...]
    """Sentences for the artist."""


def doubtful_photos(workspace: Workspace) -> tuple[DoubtfulPhoto, ...]:
    """List them; none while the body isn't fitted, or where a report is damaged."""
    if not workspace.fit_report.is_file():
        return ()
    try:
        fits = load_fit_report(workspace.fit_report).photos
        names = {photo.id: photo.name for photo in load_album_report(workspace.album_report).photos}
    except WorkspaceError:
        return ()
    return tuple(
        DoubtfulPhoto(fit.photo, names[fit.photo], fit.warnings)
        for fit in fits
        if fit.warnings and fit.photo in names
    )
