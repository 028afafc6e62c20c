"""The artist's choice of photos."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import CollectionProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from ..connection.types import Photo


class ALBUM2AVATAR_PG_decided_photo(PropertyGroup):
    """A photo of which the artist has decided otherwise than the backend."""

    album: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    photo: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


class ALBUM2AVATAR_PG_album(PropertyGroup):
    """Which album, and which of its photos."""

    chosen: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Album's id."""
    left_out: CollectionProperty(type=ALBUM2AVATAR_PG_decided_photo)  # pyright: ignore[reportInvalidTypeForm]
    kept: CollectionProperty(type=ALBUM2AVATAR_PG_decided_photo)  # pyright: ignore[reportInvalidTypeForm]
    """Photos that are used though something speaks against them."""
    heroes: CollectionProperty(type=ALBUM2AVATAR_PG_decided_photo)  # pyright: ignore[reportInvalidTypeForm]
    """The photo of each album that the avatar shall look like most; one at most."""
    page: IntProperty()  # pyright: ignore[reportInvalidTypeForm]
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


def left_out_of(choices: Any) -> frozenset[str]:
    """Ids of the chosen album's photos that the artist left out."""
    return frozenset(found.photo for found in choices.left_out if found.album == choices.chosen)


def kept_of(choices: Any) -> frozenset[str]:
    """Ids of the chosen album's photos that the artist keeps against the verdict."""
    return frozenset(found.photo for found in choices.kept if found.album == choices.chosen)


def hero_of(choices: Any) -> str:
    """Id of the chosen album's hero photo; empty without one."""
    starred = (found.photo for found in choices.heroes if found.album == choices.chosen)
    return next(starred, "")


def toggle_hero(choices: Any, photo: Photo) -> None:
    """Make a photo of the chosen album its hero; again for none."""
    former = hero_of(choices)
    for place in reversed(range(len(choices.heroes))):
        if choices.heroes[place].album == choices.chosen:
            choices.heroes.remove(place)
    if former != photo.id:
        added = choices.heroes.add()
        added.album, added.photo = choices.chosen, photo.id


def toggle_photo(choices: Any, photo: Photo) -> None:
    """Leave a photo of the chosen album out, or take it in; again for what it was before."""
    decided = choices.kept if photo.verdict == "rejected" else choices.left_out
    for place, found in enumerate(decided):
        if found.album == choices.chosen and found.photo == photo.id:
            decided.remove(place)
            return
    added = decided.add()
    added.album, added.photo = choices.chosen, photo.id


CLASSES = (ALBUM2AVATAR_PG_decided_photo, ALBUM2AVATAR_PG_album)
