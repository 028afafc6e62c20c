"""What the buttons beside the checks do to the artist's own avatar."""

# pyright: reportMissingImports=false

from collections.abc import Callable, Mapping
from typing import Any

import bpy
from mathutils import Matrix
from mathutils.kdtree import KDTree

from ..avatar.character import Character
from ..errors import AvatarError
from .checks import MOST_INFLUENCES, Fix
from .facts import bone_weights


def fix(context: Any, character: Character, mesh: str, wanted: Fix) -> None:
    """Do what a finding's button says, to one mesh of an avatar.

    Raises:
        AvatarError: the mesh is gone, or the fix is impossible.
    """
    found = next((found for found in character.meshes if found.name == mesh), None)
    if found is None:
        raise AvatarError(f"{mesh} is no mesh of this avatar any more. Check again.")
    if context.mode != "OBJECT":
        bpy.ops.object.mode_set(mode="OBJECT")
    _FIXES[wanted](context, character, found)


def bind_vertices(context: Any, character: Character, mesh: Any) -> None:
    """Give each vertex without a bone the weights of the nearest that has some."""
    weights = _weights(character, mesh)
    bound = [place for place, of_vertex in enumerate(weights) if of_vertex]
    if not bound:
        raise AvatarError(
            f"No vertex of {mesh.name} hangs on a bone. Parent it to the armature with "
            "automatic weights."
        )
    vertices = mesh.data.vertices
    tree = KDTree(len(bound))
    for place in bound:
        tree.insert(vertices[place].co, place)
    tree.balance()
    for place, of_vertex in enumerate(weights):
        if not of_vertex:
            _, nearest, _ = tree.find(vertices[place].co)
            _write(mesh, place, {}, weights[nearest])


def limit_weights(context: Any, character: Character, mesh: Any) -> None:
    """Keep the four strongest bones of each vertex; their weights add up to one."""
    for place, of_vertex in enumerate(_weights(character, mesh)):
        if len(of_vertex) > MOST_INFLUENCES:
            strongest = sorted(of_vertex.items(), key=lambda entry: -entry[1])
            _write(mesh, place, of_vertex, _normalized(dict(strongest[:MOST_INFLUENCES])))


def normalize_weights(context: Any, character: Character, mesh: Any) -> None:
    """Scale each vertex's weights so that they add up to one."""
    for place, of_vertex in enumerate(_weights(character, mesh)):
        if of_vertex:
            _write(mesh, place, of_vertex, _normalized(of_vertex))


def remove_groups(context: Any, character: Character, mesh: Any) -> None:
    """Remove the vertex groups that no bone moves."""
    bones = character.armature.data.bones
    for group in [group for group in mesh.vertex_groups if group.name not in bones]:
        mesh.vertex_groups.remove(group)


def apply_transforms(context: Any, character: Character, mesh: Any) -> None:
    """Put rotation and scale of all the avatar's objects into their data; nothing moves."""
    armature = character.armature
    places = [(found, found.matrix_world.copy()) for found in character.meshes]
    center = Matrix.Translation(armature.matrix_world.translation)
    _single_user(armature)
    armature.data.transform(center.inverted() @ armature.matrix_world)
    armature.matrix_world = center
    for found, place in places:
        _single_user(found)
        transform = center.inverted() @ place
        found.data.transform(transform, shape_keys=True)
        if transform.determinant() < 0:
            found.data.flip_normals()
        context.view_layer.update()
        found.matrix_world = center


def find_images(context: Any, character: Character, mesh: Any) -> None:
    """Let the artist choose the folder that has the pictures."""
    if bpy.app.background:
        raise AvatarError("A file browser needs a window. Use bpy.ops.file.find_missing_files.")
    bpy.ops.file.find_missing_files("INVOKE_DEFAULT")


_FIXES: Mapping[Fix, Callable[[Any, Character, Any], None]] = {
    "BIND_VERTICES": bind_vertices,
    "FIND_IMAGES": find_images,
    "LIMIT_WEIGHTS": limit_weights,
    "NORMALIZE_WEIGHTS": normalize_weights,
    "REMOVE_GROUPS": remove_groups,
    "APPLY_TRANSFORMS": apply_transforms,
}


def _weights(character: Character, mesh: Any) -> list[dict[int, float]]:
    return bone_weights(mesh, set(character.armature.data.bones.keys()))


def _write(mesh: Any, vertex: int, before: Mapping[int, float], after: Mapping[int, float]) -> None:
    groups = mesh.vertex_groups
    for group in before.keys() - after.keys():
        groups[group].remove([vertex])
    for group, weight in after.items():
        if before.get(group) != weight:
            groups[group].add([vertex], weight, "REPLACE")


def _normalized(weights: Mapping[int, float]) -> dict[int, float]:
    total = sum(weights.values())
    return {group: weight / total for group, weight in weights.items()}


def _single_user(found: Any) -> None:
    """Two objects with the same data would both change."""
    if found.data.users > 1:
        found.data = found.data.copy()
