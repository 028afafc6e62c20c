"""The album folder as the artist left it: which files are photos and videos, and their ids."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from album2avatar.album_choice import VIDEO_SUFFIXES, AlbumChoice, file_and_moment
from album2avatar.errors import AlbumError

PHOTO_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".heic", ".heif")

_FORMATS = "JPEG, PNG, WebP, HEIC, MP4, MOV, MKV or WebM"


@dataclass(frozen=True)
class Original:
    """A photo's or video's file in the album."""

    id: str
    """Id of the photo, or what the ids of the video's frames begin with."""
    path: Path
    moments: tuple[int, ...] | None = None
    """Milliseconds of a video's frames that the artist chose; None where they are to be found."""

    @property
    def is_video(self) -> bool:
        """Whether it holds frames."""
        return self.path.suffix.lower() in VIDEO_SUFFIXES


def find_originals(album: Path) -> list[Path]:
    """List the album's photos and videos by name; other files and hidden files are left out.

    Raises:
        AlbumError: the folder is missing, can't be read, has nothing of the kind, or a file whose
            name is no text.
    """
    if not album.exists():
        raise AlbumError(f"Album folder {album} does not exist. Give the folder of your photos.")
    if not album.is_dir():
        return [_lone_video(album)]
    try:
        files = [path for path in album.iterdir() if path.is_file() and path.name[0] != "."]
    except OSError as error:
        raise AlbumError(
            f"Album folder {album} can't be read ({error.strerror}). Check its permissions."
        ) from error
    suffixes = (*PHOTO_SUFFIXES, *VIDEO_SUFFIXES)
    found = [path for path in files if path.suffix.lower() in suffixes]
    for name in (path.name for path in found):
        shown = name.encode(errors="surrogateescape").decode(errors="replace")
        if shown != name:
            raise AlbumError(
                f"The name of '{shown}' in {album} has characters that are no Unicode text. Rename "
                "this file."
            )
    if found:
        return sorted(found, key=lambda path: natural_order(path.name))
    if not files:
        raise AlbumError(f"Album folder {album} has no photos. Put {_FORMATS} files into it.")
    example = min(path.name for path in files)
    raise AlbumError(
        f"Album folder {album} has {len(files)} files but no photo or video (for example "
        f"{example}). Export your photos as {_FORMATS}."
    )


def chosen_originals(choice: AlbumChoice) -> list[Original]:
    """List the photos and videos that the artist chose, in the order of the album.

    Ids count every file of the folder, so that a photo keeps its id whichever others are chosen.

    Raises:
        AlbumError: as `find_originals`; or a chosen photo isn't in the folder; or none is chosen.
    """
    paths = find_originals(choice.folder)
    files = {path.name for path in paths}
    chosen = dict.fromkeys(files) if choice.photos is None else _by_file(choice.photos, files)
    if not chosen:
        raise AlbumError(f"No photo of {choice.folder} is chosen. Choose at least one.")
    missing = sorted(chosen.keys() - files)
    if missing:
        raise AlbumError(
            f"{missing[0]} is no longer among the photos of {choice.folder}. Put it back, or "
            "choose the photos again."
        )
    return [
        Original(photo, path, chosen[path.name])
        for photo, path in zip(photo_ids(paths), paths, strict=True)
        if path.name in chosen
    ]


def _by_file(names: Sequence[str], files: Collection[str]) -> dict[str, tuple[int, ...] | None]:
    """File to the frames that are chosen of it; None where the whole file is."""
    chosen: dict[str, tuple[int, ...] | None] = {}
    for name in names:
        # A photo may have the look of a frame's name.
        file, moment = (name, None) if name in files else file_and_moment(name)
        before = chosen.get(file, ())
        chosen[file] = None if moment is None or before is None else (*before, moment)
    return {
        file: None if moments is None else tuple(sorted(set(moments)))
        for file, moments in chosen.items()
    }


def _lone_video(path: Path) -> Path:
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise AlbumError(
            f"{path} is a file. Put the photos into a folder and give that folder, or give a video."
        )
    return path


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


def frame_id(video: str, milliseconds: int) -> str:
    """Id of a video's frame.

    >>> frame_id("clip", 12433)
    'clip_t0012-433'
    """
    return f"{video}_t{milliseconds // 1000:04d}-{milliseconds % 1000:03d}"
