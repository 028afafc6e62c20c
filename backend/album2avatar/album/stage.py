"""The album stage: decode every photo of the album into the workspace."""

import hashlib
from dataclasses import asdict
from pathlib import Path

from album2avatar.album.decoder import PhotoDecoder, photo_decoder
from album2avatar.album.originals import chosen_originals
from album2avatar.album_choice import read_album_choice
from album2avatar.album_index import AlbumIndex, AlbumPhoto, save_album_index
from album2avatar.files import atomic_path
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write every photo upright, as 8-bit sRGB and with a bounded size, then the index.

    The index is written last: where it is, the photos are complete. Originals are only read.

    Raises:
        AlbumError: the folder or one of its photos can't be used.
    """
    originals = chosen_originals(read_album_choice(workspace))
    workspace.album_index.unlink(missing_ok=True)
    photos: list[AlbumPhoto] = []
    with photo_decoder(settings.album) as decoder:
        ids = list(originals)
        for step in job.steps(len(ids)):
            photos.append(intake(originals[ids[step]], ids[step], workspace, decoder))
            job.report(step + 1, len(ids))
    remove_other_photos(workspace, keep=ids)
    save_album_index(workspace.album_index, AlbumIndex(photos=tuple(photos)))


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
