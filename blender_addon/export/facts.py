"""Facts for the checks, read from Blender's meshes."""

# pyright: reportMissingImports=false

from typing import Any

from mathutils import Matrix

from ..avatar.character import Character, images_of
from .checks import MeshFacts


def collect_facts(character: Character) -> tuple[MeshFacts, ...]:
    """Look at every mesh of an avatar."""
    bones = set(character.armature.data.bones.keys())
    return tuple(_mesh_facts(mesh, bones) for mesh in character.meshes)


def _mesh_facts(mesh: Any, bones: set[str]) -> MeshFacts:
    names = [group.name for group in mesh.vertex_groups]
    influences = [
        sum(1 for entry in vertex.groups if entry.weight > 0 and names[entry.group] in bones)
        for vertex in mesh.data.vertices
    ]
    return MeshFacts(
        name=mesh.name,
        vertices=len(influences),
        free_vertices=influences.count(0),
        crowded_vertices=sum(1 for count in influences if count > 4),
        groups_without_bone=tuple(name for name in names if name not in bones),
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
