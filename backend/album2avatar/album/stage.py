"""The album stage: decode every photo of the album into the workspace."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from album2avatar.album.decoder import PhotoDecoder
from album2avatar.album.decoding import Limits
from album2avatar.album.originals import find_originals, photo_ids
from album2avatar.album_index import AlbumIndex, AlbumPhoto, save_album_index
from album2avatar.errors import WorkspaceError
from album2avatar.files import atomic_path
from album2avatar.progress import JobControl
from album2avatar.settings import AlbumSettings, Settings
from album2avatar.workspace import Workspace

MEBIBYTE = 2**20


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write every photo upright, as 8-bit sRGB and with a bounded size, then the index.

    The index is written last: where it is, the photos are complete. Originals are only read.

    Raises:
        AlbumError: the folder or one of its photos can't be used.
    """
    originals = find_originals(album_folder(workspace))
    workspace.album_index.unlink(missing_ok=True)
    photos: list[AlbumPhoto] = []
    with photo_decoder(settings.album) as decoder:
        ids = photo_ids(originals)
        for step in job.steps(len(originals)):
            photos.append(intake(originals[step], ids[step], workspace, decoder))
            job.report(step + 1, len(originals))
    remove_other_photos(workspace, keep=ids)
    save_album_index(workspace.album_index, AlbumIndex(photos=tuple(photos)))


def album_folder(workspace: Workspace) -> Path:
    """Folder of the originals, as the job file names it.

    Raises:
        WorkspaceError: the job file is missing or damaged.
    """
    try:
        return Path(json.loads(workspace.job_file.read_text(encoding="utf-8"))["album"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(
            f"{workspace.job_file} does not name the album. Run `album2avatar create` again."
        ) from error


def photo_decoder(settings: AlbumSettings) -> PhotoDecoder:
    """Make the decoder that keeps to the settings' limits."""
    limits = Limits(
        long_side=settings.long_side,
        short_side_min=settings.short_side_min,
        pixels_max=round(settings.megapixels_max * 1e6),
    )
    return PhotoDecoder(limits, settings.memory_mebibytes * MEBIBYTE, settings.seconds_per_photo)


def intake(original: Path, photo: str, workspace: Workspace, decoder: PhotoDecoder) -> AlbumPhoto:
    """Decode one original into the workspace and describe it."""
    with atomic_path(workspace.photo(photo)) as temporary:
        size = decoder.decode(original, temporary)
    with original.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return AlbumPhoto(id=photo, original=original.name, sha256=digest, **asdict(size))


def remove_other_photos(workspace: Workspace, keep: list[str]) -> None:
    """Remove photos of an earlier run that are no longer in the album."""
    kept = {workspace.photo(photo).name for photo in keep}
    for path in (workspace.album / "photos").glob("*.png"):
        if path.name not in kept:
            path.unlink()
