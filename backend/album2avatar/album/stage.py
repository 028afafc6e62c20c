"""The album stage: every photo and frame that is used becomes a PNG in the workspace."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from album2avatar.album.decoder import photo_decoder
from album2avatar.album.items import Item, list_items, require_known, wish_for
from album2avatar.album.originals import chosen_originals
from album2avatar.album.sight import load_sight
from album2avatar.album.survey import Survey
from album2avatar.album_choice import read_album_choice
from album2avatar.album_index import AlbumIndex, AlbumPhoto, save_album_index
from album2avatar.album_report import AlbumReport, PhotoReport, save_album_report
from album2avatar.errors import AlbumError
from album2avatar.files import atomic_path
from album2avatar.model_folders import find_model
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write every photo that is used upright, as 8-bit sRGB and with a bounded size.

    What speaks against photos and what the artist decided is in the report. The index is written
    last: where it is, the photos are complete. Originals are only read.

    Raises:
        AlbumError: the folder, or a photo that the artist asked for, can't be used; or nothing is
            left.
        ModelError: the perception model can't be used.
    """
    choice = read_album_choice(workspace)
    originals = chosen_originals(choice)
    workspace.album_index.unlink(missing_ok=True)
    sight = load_sight(find_model(settings.segmentation.perception))
    photos: list[AlbumPhoto] = []
    reports: list[PhotoReport] = []
    with photo_decoder(settings.album) as decoder:
        frames = settings.album.frames_per_video
        listing = list_items(originals, decoder, frames, job.raise_if_cancelled)
        require_known(choice, listing.items)
        survey = Survey(settings.album, decoder, sight, lambda item: wish_for(choice, item))
        count = len(listing.items)
        for step in job.steps(count):
            report, photo = take_in(listing.items[step], survey, workspace)
            reports.append(report)
            if photo is not None:
                photos.append(photo)
            message = "" if photo is not None else f"left out {report.name}"
            job.report(step + 1, count, message=message)
    report = AlbumReport(photos=tuple(reports), notes=listing.notes)
    save_album_report(workspace.album_report, report)
    if not photos:
        raise AlbumError(nothing_left(report, choice.folder))
    remove_other_photos(workspace, keep=[photo.id for photo in photos])
    save_album_index(workspace.album_index, AlbumIndex(photos=tuple(photos)))
    said = f"{len(photos)} of {count} photos are used"
    job.report(count, count, message=" ".join((said, *listing.notes)))


def take_in(
    item: Item, survey: Survey, workspace: Workspace
) -> tuple[PhotoReport, AlbumPhoto | None]:
    """Judge a photo, and decode it into the workspace where it is used.

    Raises:
        AlbumError: the artist wants it, and it can't be read.
    """
    path = workspace.photo(item.id)
    with atomic_path(path) as temporary:
        surveyed = survey.look(item, temporary)
    report = surveyed.report
    if report.choice == "kept" and surveyed.size is None:
        raise AlbumError(report.warnings[0])
    if surveyed.size is None or not report.is_used:
        path.unlink(missing_ok=True)
        return report, None
    with item.path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    photo = AlbumPhoto(
        id=item.id,
        original=item.path.name,
        milliseconds=item.moment,
        was_rejected=report.verdict == "rejected",
        sha256=digest,
        **asdict(surveyed.size),
    )
    return report, photo


def nothing_left(report: AlbumReport, folder: Path) -> str:
    """Why no photo is used, and what to do."""
    worst = next((photo for photo in report.photos if photo.choice != "left out"), None)
    reason = f" {worst.name}: {worst.warnings[0]}" if worst is not None and worst.warnings else ""
    return (
        f"None of the {len(report.photos)} photos in {folder} is used.{reason} "
        "`album2avatar inspect` shows what speaks against each; --keep NAME uses one all the same."
    )


def remove_other_photos(workspace: Workspace, keep: Sequence[str]) -> None:
    """Remove photos of an earlier run that are no longer used."""
    kept = {workspace.photo(photo).name for photo in keep}
    for path in (workspace.album / "photos").glob("*.png"):
        if path.name not in kept:
            path.unlink()
