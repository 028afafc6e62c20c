"""The album folder as the artist left it: which files are photos, and their ids."""

import re
from collections.abc import Sequence
from pathlib import Path

from album2avatar.album_choice import AlbumChoice
from album2avatar.errors import AlbumError

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")


def find_originals(album: Path) -> list[Path]:
    """List the album's photos by name; other files and hidden files are left out.

    Raises:
        AlbumError: the folder is missing, can't be read, has no photo, or one whose name is no
            text.
    """
    if not album.exists():
        raise AlbumError(f"Album folder {album} does not exist. Give the folder of your photos.")
    if not album.is_dir():
        raise AlbumError(f"{album} is a file. Put the photos into a folder and give that folder.")
    try:
        files = [path for path in album.iterdir() if path.is_file() and path.name[0] != "."]
    except OSError as error:
        raise AlbumError(
            f"Album folder {album} can't be read ({error.strerror}). Check its permissions."
        ) from error
    photos = [path for path in files if path.suffix.lower() in PHOTO_SUFFIXES]
    for name in (path.name for path in photos):
        shown = name.encode(errors="surrogateescape").decode(errors="replace")
        if shown != name:
            raise AlbumError(
                f"The name of '{shown}' in {album} has characters that are no Unicode text. Rename "
                "this file."
            )
    if photos:
        return sorted(photos, key=lambda path: natural_order(path.name))
    formats = "JPEG, PNG, WebP or HEIC"
    if not files:
        raise AlbumError(f"Album folder {album} has no photos. Put {formats} files into it.")
    example = min(path.name for path in files)
    raise AlbumError(
        f"Album folder {album} has {len(files)} files but no photo (for example {example}). "
        f"Export your photos as {formats}."
    )


def chosen_originals(choice: AlbumChoice) -> dict[str, Path]:
    """List the photos that the artist chose, in the order of the album.

    Returns:
        Id of each photo to its file. Ids count every photo of the folder, so that a photo keeps
        its id whichever others are chosen.

    Raises:
        AlbumError: as `find_originals`; or a chosen photo isn't in the folder; or none is chosen.
    """
    originals = find_originals(choice.folder)
    chosen = {path.name for path in originals} if choice.photos is None else set(choice.photos)
    if not chosen:
        raise AlbumError(f"No photo of {choice.folder} is chosen. Choose at least one.")
    missing = sorted(chosen - {path.name for path in originals})
    if missing:
        raise AlbumError(
            f"{missing[0]} is no longer among the photos of {choice.folder}. Put it back, or "
            "choose the photos again."
        )
    ids = photo_ids(originals)
    return {photo: path for photo, path in zip(ids, originals, strict=True) if path.name in chosen}


def natural_order(name: str) -> list[tuple[int, str]]:
    """Sort key that puts `IMG_9` before `IMG_10`."""
    parts = re.findall(r"\d+|\D+", name.lower())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def photo_ids(originals: Sequence[Path]) -> list[str]:
    """Give every original an id that is a safe file name, from its own name.

    `IMG 0412.HEIC` becomes `img_0412`; a name that is taken gets `-2`, `-3` and so on.
    """
    ids: list[str] = []
    for original in originals:
        plain = re.sub(r"[^a-z0-9_-]+", "_", original.stem.lower()).strip("_-")[:40] or "photo"
        candidate, copy = plain, 1
        while candidate in ids:
            copy += 1
            candidate = f"{plain}-{copy}"
        ids.append(candidate)
    return ids
