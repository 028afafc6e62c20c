"""The artist's choices for a new avatar."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from bpy.props import CollectionProperty, StringProperty
from bpy.types import PropertyGroup


class ALBUM2AVATAR_PG_begun(PropertyGroup):
    """A job that this Blender began, and the photos that were ticked."""

    job: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    photos: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Ids, separated by spaces."""


class ALBUM2AVATAR_PG_creation(PropertyGroup):
    """How the next avatar is made."""

    preset: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Empty takes the default one. A name, not an enum: the list is the backend's."""
    body: StringProperty(default="anny")  # pyright: ignore[reportInvalidTypeForm]
    smplx_file: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="SMPL-X File",
        description="Your own SMPL-X model (.npz). Its licence forbids commercial use",
        subtype="FILE_PATH",
    )
    prompt_addition: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Prompt",
        description=(
            'What the photos don\'t show, such as "with a red hat"; or a whole person, such as '
            '"a woman with long brown hair wearing a red t-shirt"'
        ),
    )
    settings: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Settings",
        description='Differences from the preset as JSON, such as {"sculpt": {"steps": 200}}',
    )
    begun: CollectionProperty(type=ALBUM2AVATAR_PG_begun)  # pyright: ignore[reportInvalidTypeForm]
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


CLASSES = (ALBUM2AVATAR_PG_begun, ALBUM2AVATAR_PG_creation)
