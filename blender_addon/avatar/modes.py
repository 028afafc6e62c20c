"""Blender's modes, entered and left in pairs."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator
from typing import Any

import bpy


@contextlib.contextmanager
def object_mode(context: Any, target: Any, mode: str) -> Generator[None, None, None]:
    """Make `target` active in `mode`, then go back to object mode."""
    if context.view_layer.objects.active and context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    context.view_layer.objects.active = target
    bpy.ops.object.mode_set(mode=mode)
    try:
        yield
    finally:
        bpy.ops.object.mode_set(mode="OBJECT")
