"""What to know about an avatar before it leaves Blender. Knows nothing of Blender."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class MeshFacts:
    """What counts about one mesh of an avatar."""

    name: str
    vertices: int
    free_vertices: int
    """Vertices that hang on no bone."""
    crowded_vertices: int
    """Vertices that hang on more than four bones."""
    groups_without_bone: tuple[str, ...]
    empty_images: tuple[str, ...]
    """Textures whose picture can't be found."""
    has_texture_coordinates: bool
    is_scaled: bool
    """Scale or rotation of the object is not applied."""


@dataclass(frozen=True)
class Finding:
    """One line of the list that an artist sees before exporting."""

    severity: Literal["error", "warning"]
    """An error stops the export."""
    message: str


def check_meshes(meshes: Sequence[MeshFacts]) -> tuple[Finding, ...]:
    """Everything that would go wrong or look wrong elsewhere, errors first."""
    if not meshes:
        return (Finding("error", "The avatar has no mesh. Undo, or import it again."),)
    findings = [finding for mesh in meshes for finding in _check_mesh(mesh)]
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))


def _check_mesh(mesh: MeshFacts) -> list[Finding]:
    found: list[Finding] = []
    if mesh.vertices == 0:
        found.append(Finding("error", f"{mesh.name} has no vertices. Delete it."))
    if mesh.free_vertices:
        found.append(
            Finding(
                "error",
                f"{mesh.free_vertices} vertices of {mesh.name} hang on no bone and would stay "
                "behind. Assign them in Weight Paint mode.",
            )
        )
    if mesh.empty_images:
        found.append(
            Finding(
                "error",
                f"Texture {mesh.empty_images[0]} of {mesh.name} can't be found. Use File > "
                "External Data > Find Missing Files.",
            )
        )
    if mesh.crowded_vertices:
        found.append(
            Finding(
                "warning",
                f"{mesh.crowded_vertices} vertices of {mesh.name} hang on more than four bones; "
                "game engines drop the weakest. Use Weights > Limit Total.",
            )
        )
    if mesh.groups_without_bone:
        found.append(
            Finding(
                "warning",
                f"Vertex group {mesh.groups_without_bone[0]} of {mesh.name} has no bone. Rename "
                "it or its bone.",
            )
        )
    if not mesh.has_texture_coordinates:
        found.append(Finding("warning", f"{mesh.name} has no UV map; its texture won't show."))
    if mesh.is_scaled:
        found.append(
            Finding(
                "warning",
                f"{mesh.name} is scaled or turned as an object. Use Object > Apply > All "
                "Transforms on it and its armature.",
            )
        )
    return found
