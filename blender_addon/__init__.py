"""album2avatar for Blender: avatars in, editable, and out again as FBX or GLB."""

# pyright: reportMissingImports=false

import bpy

from . import backend, preferences
from .avatar import operators as avatar_operators
from .avatar import panel as avatar_panel
from .export import operators as export_operators
from .setup import operators as setup_operators

_CLASSES = (
    *preferences.CLASSES,
    *setup_operators.CLASSES,
    *avatar_operators.CLASSES,
    *avatar_panel.CLASSES,
    *export_operators.CLASSES,
)


def register() -> None:
    """Blender switches the extension on."""
    for cls in _CLASSES:
        bpy.utils.register_class(cls)
    bpy.types.TOPBAR_MT_file_import.append(avatar_operators.draw_import_menu)
    bpy.types.TOPBAR_MT_file_export.append(export_operators.draw_export_menu)
    backend.register()


def unregister() -> None:
    """Blender switches the extension off."""
    backend.unregister()
    bpy.types.TOPBAR_MT_file_export.remove(export_operators.draw_export_menu)
    bpy.types.TOPBAR_MT_file_import.remove(avatar_operators.draw_import_menu)
    for cls in reversed(_CLASSES):
        bpy.utils.unregister_class(cls)
