"""Levels of detail: coarser copies of an avatar's meshes, on the same bones and textures."""

# pyright: reportMissingImports=false

import contextlib
from collections.abc import Generator
from typing import Any

import bpy

from ..avatar.character import Character
from .baking import bake_modifiers
from .fixes import limit_weights, normalize_weights

SHARE = 0.5
"""Faces of a level as a share of the next finer one's."""
MOST = 4


@contextlib.contextmanager
def levels_of_detail(context: Any, copy: Character, count: int) -> Generator[None, None, None]:
    """Add coarser meshes to an avatar's copy, for a while, and name all as engines want it.

    The meshes become NAME_LOD0, their coarser ones NAME_LOD1 and on. Those have no shape keys,
    as Blender can't thin out a mesh together with them; nobody sees a smile from so far away.

    Args:
        copy: baked and posed; its meshes are the finest level.
        count: of levels, 1 to `MOST`; with 1 nothing is added or renamed.
    """
    with contextlib.ExitStack() as undo:
        for mesh in copy.meshes if count > 1 else ():
            name = mesh.name
            mesh.name = f"{name}_LOD0"
            for level in range(1, count):
                coarser = _copy(mesh, f"{name}_LOD{level}")
                undo.callback(_remove, coarser)
                _thin_out(context, copy, coarser, SHARE**level)
        yield


def _copy(mesh: Any, name: str) -> Any:
    coarser = mesh.copy()
    coarser.data = mesh.data.copy()
    coarser.name = coarser.data.name = name
    for collection in mesh.users_collection:
        collection.objects.link(coarser)
    coarser.shape_key_clear()
    coarser.select_set(True)
    return coarser


def _thin_out(context: Any, copy: Character, mesh: Any, share: float) -> None:
    modifier = mesh.modifiers.new("Thin Out", "DECIMATE")
    modifier.ratio = share
    bake_modifiers(context, mesh, [modifier])
    mesh.modifiers.remove(modifier)
    # A vertex that is left has the bones of all that went into it.
    limit_weights(context, copy, mesh)
    normalize_weights(context, copy, mesh)


def _remove(mesh: Any) -> None:
    data = mesh.data
    bpy.data.objects.remove(mesh)
    bpy.data.meshes.remove(data)
