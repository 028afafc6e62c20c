"""What the panel of animations remembers."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from bpy.props import StringProperty
from bpy.types import PropertyGroup


class ALBUM2AVATAR_PG_animation(PropertyGroup):
    """What its last request ran into."""

    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


CLASSES = (ALBUM2AVATAR_PG_animation,)
