"""Which photos of an album are used. Knows nothing of Blender."""

from collections.abc import Collection, Iterable, Sequence

from ..connection.types import Album, FunnelRow, Job, Photo

PHOTO_SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp", ".heic")
VIDEO_SUFFIXES: tuple[str, ...] = (".mp4", ".mov", ".mkv", ".webm")


def is_used(photo: Photo, left_out: Collection[str], kept: Collection[str]) -> bool:
    """Whether a photo is used: a rejected one where the artist keeps it (ids), any other one
    unless the artist leaves it out.
    """
    if photo.verdict == "rejected":
        return photo.is_readable and photo.id in kept
    return photo.id not in left_out


def used_photos(
    album: Album, left_out: Collection[str], kept: Collection[str]
) -> tuple[Photo, ...]:
    """Photos of an album that are used, with what the artist left out and kept (ids)."""
    return tuple(photo for photo in album.photos if is_used(photo, left_out, kept))


def used_hero(
    album: Album, hero: str, left_out: Collection[str], kept: Collection[str]
) -> Photo | None:
    """The photo with the star, if it is used at all."""
    used = used_photos(album, left_out, kept)
    return next((photo for photo in used if photo.id == hero), None)


def awaits_hero(job: Job | None, hero: str) -> bool:
    """Whether a job has ended that had another hero photo than this one, or none."""
    if job is None or job.goal != "avatar" or job.is_active:
        return False
    return job.hero_photo != hero


def count_sentence(album: Album, left_out: Collection[str], kept: Collection[str]) -> str:
    """How many photos will be used, or how far reading is.

    >>> count_sentence(album, left_out, kept)  # doctest: +SKIP
    '10 of 12 photos will be used.'
    """
    if album.state == "reading":
        return f"Reading photo {min(album.read + 1, album.total)} of {album.total}…"
    if album.state == "failed":
        return album.message or "The album can't be read. Choose the folder again."
    used = len(used_photos(album, left_out, kept))
    noun = "photo" if len(album.photos) == 1 else "photos"
    return f"{used} of {len(album.photos)} {noun} will be used."


def funnel_rows(
    album: Album, left_out: Collection[str], kept: Collection[str]
) -> tuple[FunnelRow, ...]:
    """From all photos to those that will be used, the artist's ticks included."""
    if not album.funnel:
        return ()
    last = FunnelRow(album.funnel[-1].step, len(used_photos(album, left_out, kept)))
    return (*album.funnel[:-1], last)


def warning_sentences(photos: Iterable[Photo], job: Job | None) -> list[tuple[Photo, str]]:
    """What is wrong with some photos, one sentence each; and what a job found on them."""
    doubts = {found.id: found for found in job.doubtful_photos} if job is not None else {}
    found: list[tuple[Photo, str]] = []
    for photo in photos:
        doubt = doubts.get(photo.id)
        sentences: Sequence[str] = photo.warnings
        if doubt is not None and doubt.name == photo.name:
            sentences = (*sentences, *doubt.warnings)
        found += [(photo, _named(photo, sentence)) for sentence in sentences]
    return found


def album_files(names: Iterable[str]) -> list[str]:
    """The file names that can be photos or videos, sorted."""
    suffixes = (*PHOTO_SUFFIXES, *VIDEO_SUFFIXES)
    return sorted(name for name in names if name.lower().endswith(suffixes))


def album_path(directory: str, file: str) -> str:
    """What a file browser chose: a video where one is marked, else the folder."""
    return f"{directory}{file}" if file.lower().endswith(VIDEO_SUFFIXES) else directory


def _named(photo: Photo, sentence: str) -> str:
    """A sentence with the photo's name, unless it begins with it."""
    file = photo.name.partition("@")[0]
    return sentence if sentence.startswith(file) else f"{photo.name}: {sentence}"
