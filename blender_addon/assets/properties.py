"""Which asset the artist looks at. The assets themselves are the backend's."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import CollectionProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from .. import backend
from ..connection.types import Asset
from ..sidebar.asking import ask


def _get_title(line: Any) -> str:
    asset = asset_of(line.job, line.kind)
    return asset.name if asset is not None else ""


def _set_title(line: Any, title: str) -> None:
    if title.strip() and title.strip() != _get_title(line):
        ask("assets", "PATCH", f"/jobs/{line.job}/assets/{line.kind}", {"name": title.strip()})


class ALBUM2AVATAR_PG_asset_line(PropertyGroup):
    """A line of the list; what it shows and edits is the backend's."""

    job: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    kind: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    title: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Name",
        description="What the piece is called; the words help to make it",
        get=_get_title,
        set=_set_title,
    )


def _get_index(choices: Any) -> int:
    places = [place for place, line in enumerate(choices.lines) if line.kind == choices.chosen]
    return places[0] if places else -1


def _set_index(choices: Any, place: int) -> None:
    if 0 <= place < len(choices.lines):
        choices.chosen = choices.lines[place].kind


class ALBUM2AVATAR_PG_assets(PropertyGroup):
    """The list, the chosen asset, and the photo in which its mask is shown."""

    chosen: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Asset's kind."""
    photo: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Photo's id; another one is shown where the asset is not in it."""
    lines: CollectionProperty(type=ALBUM2AVATAR_PG_asset_line)  # pyright: ignore[reportInvalidTypeForm]
    index: IntProperty(get=_get_index, set=_set_index)  # pyright: ignore[reportInvalidTypeForm]
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


def asset_of(job: str, kind: str) -> Asset | None:
    """An asset as the backend knows it."""
    assets = backend.connection().peek().assets.get(job, ())
    return next((asset for asset in assets if asset.kind == kind), None)


CLASSES = (ALBUM2AVATAR_PG_asset_line, ALBUM2AVATAR_PG_assets)
