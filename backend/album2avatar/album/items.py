"""The photos of an album, and the frames of its videos, each with an id and a name."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from album2avatar.album.decoder import PhotoDecoder
from album2avatar.album.originals import Original, frame_id
from album2avatar.album_choice import AlbumChoice, frame_name
from album2avatar.album_report import ArtistsWish
from album2avatar.errors import AlbumError


@dataclass(frozen=True)
class Item:
    """A photo, or a frame of a video."""

    id: str
    name: str
    path: Path
    """The photo's or video's file."""
    moment: int | None = None
    """Millisecond of a frame; None for a photo."""
    complaint: str = ""
    """Why there is no picture, where that is known before it is decoded."""


@dataclass(frozen=True)
class Listing:
    """What was found in an album."""

    items: tuple[Item, ...]
    notes: tuple[str, ...]
    """Sentences about whole files, such as a video that is cut off."""


def list_items(
    originals: Sequence[Original],
    decoder: PhotoDecoder,
    frames_per_video: int,
    pause: Callable[[], None],
) -> Listing:
    """Find the frames of videos, and name everything.

    Args:
        originals: the album's files.
        decoder: opens videos.
        frames_per_video: parts of each video, of which the sharpest frame is taken.
        pause: called after each file and each part of a video; what it raises ends the search.
    """
    items: list[Item] = []
    notes: list[str] = []
    for original in originals:
        for item in _items_of(original, decoder, frames_per_video, notes):
            items.append(replace(item, id=_free(item.id, {each.id for each in items})))
            pause()
    return Listing(tuple(items), tuple(notes))


def wish_for(choice: AlbumChoice, item: Item) -> ArtistsWish:
    """What the artist said of an item: by its id, its name, or that of its file."""
    names = {item.id, item.name, item.path.name}
    if not names.isdisjoint(choice.leave_out):
        return "left out"
    is_chosen = choice.photos is not None or not names.isdisjoint(choice.keep)
    return "kept" if is_chosen else ""


def require_known(choice: AlbumChoice, items: Sequence[Item]) -> None:
    """See that everything that the artist named is there.

    Raises:
        AlbumError: something isn't.
    """
    known = {name for item in items for name in (item.id, item.name, item.path.name)}
    for name in (*choice.keep, *choice.leave_out):
        if name not in known:
            raise AlbumError(
                f"There is no photo '{name}' in {choice.folder}. `album2avatar inspect "
                f"{choice.folder}` lists the names."
            )


def _items_of(
    original: Original, decoder: PhotoDecoder, frames: int, notes: list[str]
) -> Iterator[Item]:
    path = original.path
    if not original.is_video:
        yield Item(original.id, path.name, path)
        return
    if original.moments is not None:
        yield from (_frame(original, moment) for moment in original.moments)
        return
    try:
        found = decoder.find_windows(path, frames)
    except AlbumError as error:
        yield Item(original.id, path.name, path, complaint=str(error))
        return
    if found.note:
        notes.append(found.note)
    for window in found.windows:
        yield _sharpest(original, window, decoder)


def _sharpest(original: Original, window: tuple[int, int], decoder: PhotoDecoder) -> Item:
    try:
        return _frame(original, decoder.find_sharpest(original.path, window))
    except AlbumError as error:
        return replace(_frame(original, window[0]), complaint=str(error))


def _frame(original: Original, moment: int) -> Item:
    name = frame_name(original.path.name, moment)
    return Item(frame_id(original.id, moment), name, original.path, moment)


def _free(wanted: str, taken: Collection[str]) -> str:
    """The id, with a number where a photo's name has the look of a frame's."""
    candidate, copy = wanted, 1
    while candidate in taken:
        copy += 1
        candidate = f"{wanted}-{copy}"
    return candidate
