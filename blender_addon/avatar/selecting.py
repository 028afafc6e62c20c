"""Select the faces of an asset."""

# pyright: reportMissingImports=false

from typing import Any

import bpy

from ..errors import AvatarError
from .asset_faces import faces_of
from .character import Character


def select_asset(context: Any, character: Character, asset: int, is_added: bool) -> None:
    """Go to Edit Mode on the avatar's mesh with an asset's faces selected.

    Args:
        asset: its place in the avatar's list.
        is_added: keep what is selected there already.

    Raises:
        AvatarError: no mesh of the avatar knows which faces belong to an asset.
    """
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    labelled = [(mesh, faces_of(mesh.data, asset)) for mesh in character.meshes]
    mesh, chosen = max(labelled, key=lambda found: sum(found[1]), default=(None, []))
    if mesh is None or not any(chosen):
        raise AvatarError(
            "No mesh of this avatar knows the faces of that asset. Import the avatar again; its "
            "file has them."
        )
    polygons = mesh.data.polygons
    if is_added:
        before = [False] * len(polygons)
        polygons.foreach_get("select", before)
        chosen = [new or old for new, old in zip(chosen, before, strict=True)]
    for elements in (mesh.data.vertices, mesh.data.edges):
        elements.foreach_set("select", [False] * len(elements))
    polygons.foreach_set("select", chosen)
    for found in context.view_layer.objects:
        found.select_set(found == mesh)
    context.view_layer.objects.active = mesh
    context.tool_settings.mesh_select_mode = (False, False, True)
    bpy.ops.object.mode_set(mode="EDIT")
