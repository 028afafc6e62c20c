"""Look through an album before anything is made of it: which photos can be used, how good."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import BaseModel, ConfigDict

from album2avatar.album.decoder import PhotoDecoder, photo_decoder
from album2avatar.album.originals import chosen_originals
from album2avatar.album.quality import difference_hash, find_twin, quality_warnings
from album2avatar.album_choice import AlbumChoice
from album2avatar.errors import AlbumError
from album2avatar.files import atomic_path
from album2avatar.settings import AlbumSettings

THUMBNAIL_SIDE = 256


class PhotoReport(BaseModel):
    """What the artist should know of one photo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    """File name of the original."""
    width: int = 0
    height: int = 0
    """Pixels as stored; 0 where the file can't be decoded."""
    verdict: Literal["good", "warning", "rejected"]
    warnings: tuple[str, ...] = ()
    """Sentences; for a rejected photo the reason."""
    thumbnail: str = ""
    """File name in the folder of thumbnails; empty where there is none."""


def inspect_album(
    folder: Path,
    names: Sequence[str] | None,
    settings: AlbumSettings,
    thumbnails: Path,
    on_photo: Callable[[PhotoReport, int, int], None],
    cancelled: threading.Event,
) -> tuple[PhotoReport, ...]:
    """Decode every photo, judge it and write its thumbnail.

    Args:
        folder: the album; only read.
        names: file names of the photos to look at; every photo where None.
        settings: which photos are accepted.
        thumbnails: folder for one PNG a photo.
        on_photo: called with each report, how many are done, and how many there are.
        cancelled: set it to stop after the photo at hand.

    Returns:
        A report per photo, in the album's order; fewer where cancelled.

    Raises:
        AlbumError: the folder can't be used, or a named photo is missing.
        WorkspaceError: a thumbnail can't be written.
    """
    originals = chosen_originals(AlbumChoice(folder, names))
    reports: list[PhotoReport] = []
    seen: list[tuple[str, NDArray[np.bool_]]] = []
    with photo_decoder(settings) as decoder:
        for photo, original in originals.items():
            if cancelled.is_set():
                break
            reports.append(_inspect(photo, original, decoder, thumbnails, seen))
            on_photo(reports[-1], len(reports), len(originals))
    return tuple(reports)


def _inspect(
    photo: str,
    original: Path,
    decoder: PhotoDecoder,
    thumbnails: Path,
    seen: list[tuple[str, NDArray[np.bool_]]],
) -> PhotoReport:
    path = thumbnails / f"{photo}.png"
    try:
        with atomic_path(path) as temporary:
            size = decoder.decode(original, temporary)
            with Image.open(temporary, formats=("PNG",)) as decoded:
                image = decoded.convert("RGB")
            original_size = (size.original_width, size.original_height)
            warnings = list(quality_warnings(image, original_size))
            bits = difference_hash(image)
            image.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.LANCZOS)
            image.save(temporary, format="PNG", compress_level=3)
    except AlbumError as error:
        return PhotoReport(id=photo, name=original.name, verdict="rejected", warnings=(str(error),))
    twin = find_twin(bits, seen)
    if twin is not None:
        warnings.append(f"It is nearly the same as {twin}. One of the two is enough.")
    seen.append((original.name, bits))
    return PhotoReport(
        id=photo,
        name=original.name,
        width=size.original_width,
        height=size.original_height,
        verdict="warning" if warnings else "good",
        warnings=tuple(warnings),
        thumbnail=path.name,
    )
