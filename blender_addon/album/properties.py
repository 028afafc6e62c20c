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
    page: IntProperty()  # pyright: ignore[reportInvalidTypeForm]
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


def left_out_of(choices: Any) -> frozenset[str]:
    """Ids of the chosen album's photos that the artist left out."""
    return frozenset(found.photo for found in choices.left_out if found.album == choices.chosen)


def kept_of(choices: Any) -> frozenset[str]:
    """Ids of the chosen album's photos that the artist keeps against the verdict."""
    return frozenset(found.photo for found in choices.kept if found.album == choices.chosen)


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
