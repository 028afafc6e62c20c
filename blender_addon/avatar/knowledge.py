"""What photos know of an avatar: a picture that its surface can show instead of its colours.

White is what photos decide, black what was guessed. The picture is packed into the Blender file;
the armature names it, and each material that shows it names the colours that it shows otherwise.
"""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator
from pathlib import Path
from typing import Any

import bpy

from ..errors import AvatarError
from .character import Character
from .materials import base_color_node
from .origin import KNOWLEDGE

_COLORS = "album2avatar_colors"
"""Custom property of a material while it shows the picture: its own base colour texture."""


def remember_knowledge(character: Character, path: Path) -> None:
    """Keep the picture for an avatar that was just imported.

    Raises:
        AvatarError: the picture can't be read.
    """
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
        image.pack()
    except RuntimeError as error:
        raise AvatarError(
            f"The picture of what photos know can't be read ({error}). Add the avatar again."
        ) from error
    image.name = f"{character.armature.name} known"
    # Its download may go; the packed copy stays.
    image.filepath_raw = f"//{image.name}.png"
    character.armature[KNOWLEDGE] = image


def has_knowledge(character: Character) -> bool:
    """Whether the avatar has such a picture. Cheap enough for drawing."""
    return isinstance(character.armature.get(KNOWLEDGE), bpy.types.Image)


def shows_knowledge(character: Character) -> bool:
    """Whether it is shown instead of the colours. Cheap enough for drawing."""
    return any(_COLORS in material for material in _textured(character))


def show_knowledge(character: Character) -> None:
    """Show the picture.

    Raises:
        AvatarError: the avatar has none.
    """
    if not has_knowledge(character):
        raise AvatarError("This avatar came from a file, which doesn't say what was guessed.")
    for material in _textured(character):
        if _COLORS not in material:
            node = base_color_node(material)
            material[_COLORS] = node.image
            node.image = character.armature[KNOWLEDGE]


def show_colors(character: Character) -> None:
    """Show the avatar's own colours again."""
    for material in _textured(character):
        if _COLORS in material:
            base_color_node(material).image = material[_COLORS]
            del material[_COLORS]


@contextlib.contextmanager
def own_colors(character: Character) -> Generator[None, None, None]:
    """The avatar in its own colours, whatever is shown before and afterwards."""
    is_shown = shows_knowledge(character)
    show_colors(character)
    try:
        yield
    finally:
        if is_shown:
            show_knowledge(character)


def _textured(character: Character) -> list[Any]:
    """Materials whose base colour is a picture."""
    found = {slot.material for mesh in character.meshes for slot in mesh.material_slots}
    return [material for material in found if base_color_node(material) is not None]
