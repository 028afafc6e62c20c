"""The artist's choice of photos."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import CollectionProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup


class ALBUM2AVATAR_PG_left_out(PropertyGroup):
    """A photo that is not to be used."""

    album: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    photo: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


class ALBUM2AVATAR_PG_album(PropertyGroup):
    """Which album, and which of its photos."""

    chosen: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Album's id."""
    left_out: CollectionProperty(type=ALBUM2AVATAR_PG_left_out)  # pyright: ignore[reportInvalidTypeForm]
    page: IntProperty()  # pyright: ignore[reportInvalidTypeForm]
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


def left_out_of(choices: Any) -> frozenset[str]:
    """Ids of the chosen album's photos that the artist left out."""
    return frozenset(found.photo for found in choices.left_out if found.album == choices.chosen)


def toggle_photo(choices: Any, photo: str) -> None:
    """Leave a photo of the chosen album out, or take it in again."""
    for place, found in enumerate(choices.left_out):
        if found.album == choices.chosen and found.photo == photo:
            choices.left_out.remove(place)
            return
    added = choices.left_out.add()
    added.album, added.photo = choices.chosen, photo


CLASSES = (ALBUM2AVATAR_PG_left_out, ALBUM2AVATAR_PG_album)
