"""What the artist looks for in the wardrobe. The pieces themselves are the backend's."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import EnumProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from .kinds import EVERY_KIND, KIND_TITLES, WORN_KINDS


def _turn_to_first_page(choices: Any, context: Any) -> None:
    choices.page = 0


class ALBUM2AVATAR_PG_wardrobe(PropertyGroup):
    """Which pieces are shown, and the words for one that nobody has a photo of."""

    kind: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Kind",
        description="Show pieces of this kind only",
        items=[
            (EVERY_KIND, "Everything", ""),
            *((kind, title, "") for kind, title in KIND_TITLES.items()),
        ],
        update=_turn_to_first_page,
    )
    page: IntProperty()  # pyright: ignore[reportInvalidTypeForm]
    words: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Words",
        description='A garment in words, such as "blue denim jacket"; no photo is needed',
        maxlen=200,
    )
    words_kind: EnumProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Kind",
        description="What the words describe; it takes the place of what is worn there",
        items=[(kind, title, "") for kind, title in KIND_TITLES.items() if kind in WORN_KINDS],
        default="top",
    )
    deleted: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Id of the piece that was deleted last; it can be brought back."""
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


CLASSES = (ALBUM2AVATAR_PG_wardrobe,)
