"""Modifiers made part of a mesh, with every shape key."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator, Sequence
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..errors import AvatarError


def bake_modifiers(context: Any, mesh: Any, baked: Sequence[Any]) -> None:
    """Replace a mesh object's data by what some of its modifiers make of it.

    Blender applies modifiers only to a mesh without shape keys; so each key is shown alone,
    deformed, and put back as a key. The modifiers stay on the object; remove them afterwards.

    Args:
        mesh: an object with data of its own.
        baked: those modifiers that count; all others are left out.

    Raises:
        AvatarError: a modifier gives the shape keys different vertices.
    """
    with _only_showing(mesh, baked):
        shapes = _evaluated_shapes(context, mesh)
        made = _evaluated_data(context, mesh)
    keys = list(mesh.data.shape_keys.key_blocks) if mesh.data.shape_keys else []
    settings = [(key.name, key.value, key.slider_min, key.slider_max) for key in keys]
    former = mesh.data
    name = former.name
    mesh.data = made
    for (key_name, value, lowest, highest), shape in zip(settings, shapes, strict=True):
        key = mesh.shape_key_add(name=key_name, from_mix=False)
        key.slider_min, key.slider_max, key.value = lowest, highest, value
        key.data.foreach_set("co", shape)
    if shapes:
        made.vertices.foreach_set("co", shapes[0])
    bpy.data.meshes.remove(former)
    made.name = name


def _evaluated_shapes(context: Any, mesh: Any) -> list[NDArray[np.float32]]:
    """Coordinates of every shape key after the modifiers that show, (3 V,) each."""
    keys = list(mesh.data.shape_keys.key_blocks) if mesh.data.shape_keys else []
    shapes = list[NDArray[np.float32]]()
    mesh.show_only_shape_key = bool(keys)
    for place, key in enumerate(keys):
        mesh.active_shape_key_index = place
        key.mute = False
        mesh.data.update_tag()
        context.view_layer.update()
        vertices = mesh.evaluated_get(context.evaluated_depsgraph_get()).data.vertices
        shape = np.empty(3 * len(vertices), dtype=np.float32)
        vertices.foreach_get("co", shape)
        if shapes and len(shape) != len(shapes[0]):
            raise AvatarError(
                f"A modifier of {mesh.name} gives shape key {key.name} other vertices than the "
                "rest. Apply or remove the modifier, or remove the shape keys."
            )
        shapes.append(shape)
    mesh.active_shape_key_index = 0
    mesh.data.update_tag()
    context.view_layer.update()
    return shapes


def _evaluated_data(context: Any, mesh: Any) -> Any:
    """New mesh data with the modifiers that show, at the first shape key where there are some."""
    graph = context.evaluated_depsgraph_get()
    return bpy.data.meshes.new_from_object(
        mesh.evaluated_get(graph), preserve_all_data_layers=True, depsgraph=graph
    )


@contextlib.contextmanager
def _only_showing(mesh: Any, shown: Sequence[Any]) -> Generator[None, None, None]:
    """Switch all other modifiers off, for a while."""
    names = {modifier.name for modifier in shown}
    before = [(modifier.name, modifier.show_viewport) for modifier in mesh.modifiers]
    is_pinned = mesh.show_only_shape_key
    for modifier in mesh.modifiers:
        modifier.show_viewport = modifier.name in names
    try:
        yield
    finally:
        mesh.show_only_shape_key = is_pinned
        for name, is_shown in before:
            mesh.modifiers[name].show_viewport = is_shown
