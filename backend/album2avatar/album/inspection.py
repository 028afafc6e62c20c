"""Look through an album before anything is made of it: which photos can be used, how good."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from PIL import Image

from album2avatar.album.decoder import photo_decoder
from album2avatar.album.items import Item, list_items
from album2avatar.album.originals import chosen_originals
from album2avatar.album.person import Sight
from album2avatar.album.survey import Survey
from album2avatar.album_choice import AlbumChoice
from album2avatar.album_report import AlbumReport, ArtistsWish, PhotoReport
from album2avatar.errors import CancelledError
from album2avatar.files import atomic_path
from album2avatar.settings import AlbumSettings

THUMBNAIL_SIDE = 256


def inspect_album(
    folder: Path,
    names: Sequence[str] | None,
    settings: AlbumSettings,
    sight: Sight,
    thumbnails: Path,
    on_photo: Callable[[PhotoReport, int, int], None],
    cancelled: threading.Event,
    wish: Callable[[Item], ArtistsWish] = lambda item: "",
) -> AlbumReport:
    """Decode every photo and frame, judge it and write its thumbnail.

    Args:
        folder: the album, or a video; only read.
        names: names of the photos to look at; everything where None.
        settings: which photos are accepted, and what is left out by default.
        sight: looks for people.
        thumbnails: folder for one PNG a photo.
        on_photo: called with each report, how many are done, and how many there are.
        cancelled: set it to stop after the photo at hand.
        wish: what the artist said of a photo.

    Returns:
        A report per photo, in the album's order; fewer where cancelled after the frames of
        videos were found.

    Raises:
        AlbumError: the folder can't be used, or a named photo is missing.
        CancelledError: cancelled before that.
        ModelError: nobody can look for people.
        WorkspaceError: a thumbnail can't be written.
    """
    originals = chosen_originals(AlbumChoice(folder, names))
    reports: list[PhotoReport] = []
    with photo_decoder(settings) as decoder:

        def pause() -> None:
            if cancelled.is_set():
                raise CancelledError("Cancelled. Choose the album again to read it.")

        found = list_items(originals, decoder, settings.frames_per_video, pause)
        survey = Survey(settings, decoder, sight, wish)
        for item in found.items:
            if cancelled.is_set():
                break
            reports.append(_inspect(survey, item, thumbnails))
            on_photo(reports[-1], len(reports), len(found.items))
    return AlbumReport(photos=tuple(reports), notes=found.notes)


def _inspect(survey: Survey, item: Item, thumbnails: Path) -> PhotoReport:
    path = thumbnails / f"{item.id}.png"
    with atomic_path(path) as temporary:
        surveyed = survey.look(item, temporary)
        if surveyed.size is not None:
            with Image.open(temporary, formats=("PNG",)) as decoded:
                image = decoded.convert("RGB")
            image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
            image.save(temporary, format="PNG", compress_level=3)
    if surveyed.size is None:
        path.unlink(missing_ok=True)
        return surveyed.report
    return surveyed.report.model_copy(update={"thumbnail": path.name})
