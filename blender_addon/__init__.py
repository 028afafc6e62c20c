"""album2avatar for Blender: from a photo album to an avatar, and out again as FBX or GLB."""

# pyright: reportMissingImports=false

import bpy

from . import backend, preferences, properties
from .album import operators as album_operators
from .album import panel as album_panel
from .animation import operators as animation_operators
from .animation import panel as animation_panel
from .assets import mask_operators
from .assets import operators as assets_operators
from .assets import panel as assets_panel
from .avatar import operators as avatar_operators
from .avatar import panel as avatar_panel
from .creation import operators as creation_operators
from .creation import panel as creation_panel
from .export import operators as export_operators
from .export import panel as export_panel
from .jobs import operators as jobs_operators
from .jobs import panel as jobs_panel
from .setup import operators as setup_operators
from .sidebar import asking, pictures, refresh
from .sidebar import panel as sidebar_panel
from .wardrobe import operators as wardrobe_operators
from .wardrobe import panel as wardrobe_panel
from .wardrobe import variant_operators

_CLASSES = (
    *preferences.CLASSES,
    *properties.CLASSES,
    *setup_operators.CLASSES,
    *asking.CLASSES,
    *sidebar_panel.CLASSES,
    *album_operators.CLASSES,
    *album_panel.CLASSES,
    *assets_operators.CLASSES,
    *mask_operators.CLASSES,
    *assets_panel.CLASSES,
    *creation_operators.CLASSES,
    *creation_panel.CLASSES,
    *jobs_operators.CLASSES,
    *jobs_panel.CLASSES,
    *avatar_operators.CLASSES,
    *avatar_panel.CLASSES,
    *animation_operators.CLASSES,
    *animation_panel.CLASSES,
    *wardrobe_operators.CLASSES,
    *variant_operators.CLASSES,
    *wardrobe_panel.CLASSES,
    *export_operators.CLASSES,
    *export_panel.CLASSES,
)
_AFTER_CLASSES = (properties, pictures, backend, refresh)


def register() -> None:
    """Blender switches the extension on."""
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.TOPBAR_MT_file_import.append(avatar_operators.draw_import_menu)
    bpy.types.TOPBAR_MT_file_export.append(export_operators.draw_export_menu)
    for module in _AFTER_CLASSES:
        module.register()


def unregister() -> None:
    """Blender switches the extension off."""
    for module in reversed(_AFTER_CLASSES):
        module.unregister()
    bpy.types.TOPBAR_MT_file_export.remove(export_operators.draw_export_menu)
    bpy.types.TOPBAR_MT_file_import.remove(avatar_operators.draw_import_menu)
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
