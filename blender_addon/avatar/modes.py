"""Blender's modes, entered and left in pairs."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator
from typing import Any

import bpy


@contextlib.contextmanager
def selection_kept(context: Any) -> Generator[None, None, None]:
    """Go to object mode; at the end what was selected and active is so again."""
    selected = [found for found in context.view_layer.objects if found.select_get()]
    active = context.view_layer.objects.active
    if active is not None and context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    try:
        yield
    finally:
        for found in context.view_layer.objects:
            found.select_set(found in selected)
        context.view_layer.objects.active = active


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
