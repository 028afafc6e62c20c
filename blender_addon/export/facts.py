"""Facts for the checks, read from Blender's meshes."""

# pyright: reportMissingImports=false

from typing import Any

from mathutils import Matrix

from ..avatar.character import Character, images_of
from .checks import MOST_INFLUENCES, MeshFacts

_WEIGHT_TOLERANCE = 0.01
"""Of a vertex's sum of weights; a hundredth moves nothing that anybody sees."""


def collect_facts(character: Character) -> tuple[MeshFacts, ...]:
    """Look at every mesh of an avatar."""
    bones = set(character.armature.data.bones.keys())
    return tuple(_mesh_facts(mesh, bones) for mesh in character.meshes)


def bone_weights(mesh: Any, bones: set[str]) -> list[dict[int, float]]:
    """For each vertex of a mesh object: vertex group to weight, of groups that are bones."""
    is_bone = [group.name in bones for group in mesh.vertex_groups]
    return [
        {
            entry.group: entry.weight
            for entry in vertex.groups
            if entry.weight > 0 and is_bone[entry.group]
        }
        for vertex in mesh.data.vertices
    ]


def _mesh_facts(mesh: Any, bones: set[str]) -> MeshFacts:
    weights = bone_weights(mesh, bones)
    return MeshFacts(
        name=mesh.name,
        vertices=len(weights),
        free_vertices=sum(not of_vertex for of_vertex in weights),
        crowded_vertices=sum(len(of_vertex) > MOST_INFLUENCES for of_vertex in weights),
        uneven_vertices=sum(
            bool(of_vertex) and abs(sum(of_vertex.values()) - 1) > _WEIGHT_TOLERANCE
            for of_vertex in weights
        ),
        groups_without_bone=tuple(
            group.name for group in mesh.vertex_groups if group.name not in bones
        ),
        empty_images=tuple(image.name for image in images_of([mesh]) if _is_empty(image)),
        has_texture_coordinates=len(mesh.data.uv_layers) > 0,
        is_scaled=_differs_from_identity(mesh.matrix_world),
    )


def _is_empty(image: Any) -> bool:
    """Asking for the size makes Blender load the picture, if it can."""
    return min(image.size) == 0


def _differs_from_identity(matrix: Any) -> bool:
    turned = matrix.to_3x3() - Matrix.Identity(3)
    return max(abs(value) for row in turned for value in row) > 1e-4
