"""Which photos of an album are used. Knows nothing of Blender."""

from collections.abc import Collection, Iterable

from ..connection.types import Album, Photo

PHOTO_SUFFIXES: tuple[str, ...] = (".jpg", ".jpeg", ".png", ".webp", ".heic")


def used_photos(album: Album, left_out: Collection[str]) -> tuple[Photo, ...]:
    """Photos of an album that are neither rejected nor left out by the artist (ids)."""
    return tuple(
        photo for photo in album.photos if photo.verdict != "rejected" and photo.id not in left_out
    )


def count_sentence(album: Album, left_out: Collection[str]) -> str:
    """How many photos will be used, or how far reading is.

    >>> count_sentence(album, left_out)  # doctest: +SKIP
    '10 of 12 photos will be used.'
    """
    if album.state == "reading":
        return f"Reading photo {min(album.read + 1, album.total)} of {album.total}…"
    if album.state == "failed":
        return album.message or "The album can't be read. Choose the folder again."
    used = len(used_photos(album, left_out))
    noun = "photo" if len(album.photos) == 1 else "photos"
    return f"{used} of {len(album.photos)} {noun} will be used."


def warning_sentences(photos: Iterable[Photo]) -> list[tuple[Photo, str]]:
    """What is wrong with some photos, one sentence each."""
    return [(photo, f"{photo.name}: {warning}") for photo in photos for warning in photo.warnings]


def photos_among(names: Iterable[str]) -> list[str]:
    """The file names that can be photos, sorted."""
    return sorted(name for name in names if name.lower().endswith(PHOTO_SUFFIXES))
