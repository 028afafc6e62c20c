"""All choices of the artist in one group on the window manager, kept when a file is loaded."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

import bpy
from bpy.app.handlers import persistent
from bpy.props import PointerProperty
from bpy.types import PropertyGroup

from .album.properties import CLASSES as ALBUM_CLASSES
from .album.properties import ALBUM2AVATAR_PG_album
from .animation.properties import CLASSES as ANIMATION_CLASSES
from .animation.properties import ALBUM2AVATAR_PG_animation
from .assets.properties import CLASSES as ASSETS_CLASSES
from .assets.properties import ALBUM2AVATAR_PG_assets
from .creation.properties import CLASSES as CREATION_CLASSES
from .creation.properties import ALBUM2AVATAR_PG_creation
from .export.properties import CLASSES as EXPORT_CLASSES
from .export.properties import ALBUM2AVATAR_PG_export
from .jobs.properties import CLASSES as JOBS_CLASSES
from .jobs.properties import ALBUM2AVATAR_PG_jobs
from .sidebar.state import NAME, state
from .wardrobe.properties import CLASSES as WARDROBE_CLASSES
from .wardrobe.properties import ALBUM2AVATAR_PG_wardrobe


class ALBUM2AVATAR_PG_state(PropertyGroup):
    """One group for each panel that lets the artist choose."""

    album: PointerProperty(type=ALBUM2AVATAR_PG_album)  # pyright: ignore[reportInvalidTypeForm]
    assets: PointerProperty(type=ALBUM2AVATAR_PG_assets)  # pyright: ignore[reportInvalidTypeForm]
    creation: PointerProperty(type=ALBUM2AVATAR_PG_creation)  # pyright: ignore[reportInvalidTypeForm]
    jobs: PointerProperty(type=ALBUM2AVATAR_PG_jobs)  # pyright: ignore[reportInvalidTypeForm]
    wardrobe: PointerProperty(type=ALBUM2AVATAR_PG_wardrobe)  # pyright: ignore[reportInvalidTypeForm]
    animation: PointerProperty(type=ALBUM2AVATAR_PG_animation)  # pyright: ignore[reportInvalidTypeForm]
    export: PointerProperty(type=ALBUM2AVATAR_PG_export)  # pyright: ignore[reportInvalidTypeForm]


CLASSES = (
    *ALBUM_CLASSES,
    *ASSETS_CLASSES,
    *CREATION_CLASSES,
    *JOBS_CLASSES,
    *WARDROBE_CLASSES,
    *ANIMATION_CLASSES,
    *EXPORT_CLASSES,
    ALBUM2AVATAR_PG_state,
)


_KEPT = {
    "album": ("chosen", "page"),
    "assets": ("chosen", "photo"),
    "creation": ("preset", "body", "smplx_file", "prompt_addition", "settings"),
    "jobs": ("chosen", "is_preview_shown"),
    "wardrobe": ("kind", "page", "words", "words_kind", "deleted"),
}
"""Choices that outlive the loading of a file; the lists come anew from the backend."""


def _before_loading(*_: Any) -> None:
    """Loading a file empties the window manager's properties."""
    choices = state(bpy.context)
    for section, names in _KEPT.items():
        group = getattr(choices, section)
        _values.update({(section, name): getattr(group, name) for name in names})
    for name, decided in _decided.items():
        decided[:] = [(found.album, found.photo) for found in getattr(choices.album, name)]
    _begun[:] = [(found.job, found.photos) for found in choices.creation.begun]


def _after_loading(*_: Any) -> None:
    choices = state(bpy.context)
    for (section, name), value in _values.items():
        setattr(getattr(choices, section), name, value)
    for name, decided in _decided.items():
        photos = getattr(choices.album, name)
        photos.clear()
        for album, photo in decided:
            added = photos.add()
            added.album, added.photo = album, photo
    choices.creation.begun.clear()
    for job, photos in _begun:
        added = choices.creation.begun.add()
        added.job, added.photos = job, photos


for _handler in (_before_loading, _after_loading):
    persistent(_handler)


def register() -> None:
    """After the classes."""
    setattr(bpy.types.WindowManager, NAME, PointerProperty(type=ALBUM2AVATAR_PG_state))
    bpy.app.handlers.load_pre.append(_before_loading)
    bpy.app.handlers.load_post.append(_after_loading)


def unregister() -> None:
    """Before the classes."""
    bpy.app.handlers.load_post.remove(_after_loading)
    bpy.app.handlers.load_pre.remove(_before_loading)
    delattr(bpy.types.WindowManager, NAME)


_values: dict[tuple[str, str], Any] = {}
_decided: dict[str, list[tuple[str, str]]] = {"left_out": [], "kept": [], "heroes": []}
_begun: list[tuple[str, str]] = []
"""From before to after the loading of a file."""
