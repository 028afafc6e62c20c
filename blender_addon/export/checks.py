"""What to know about an avatar before it leaves Blender. Knows nothing of Blender."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

MOST_INFLUENCES = 4
"""Bones that may move one vertex; game engines drop the weakest beyond."""

Fix = Literal[
    "BIND_VERTICES",
    "FIND_IMAGES",
    "LIMIT_WEIGHTS",
    "NORMALIZE_WEIGHTS",
    "REMOVE_GROUPS",
    "APPLY_TRANSFORMS",
]

FIX_TITLES: dict[Fix, str] = {
    "BIND_VERTICES": "Bind to Nearest",
    "FIND_IMAGES": "Find File…",
    "LIMIT_WEIGHTS": "Limit to Four",
    "NORMALIZE_WEIGHTS": "Normalize",
    "REMOVE_GROUPS": "Remove Groups",
    "APPLY_TRANSFORMS": "Apply",
}


@dataclass(frozen=True)
class MeshFacts:
    """What counts about one mesh of an avatar."""

    name: str
    vertices: int
    free_vertices: int
    """Vertices that hang on no bone."""
    crowded_vertices: int
    """Vertices that hang on more than four bones."""
    uneven_vertices: int
    """Vertices whose weights don't add up to one."""
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
    mesh: str = ""
    """Object that it is about; empty where it is about the whole avatar."""
    fix: Fix | None = None
    """What a button can do about it."""


def check_meshes(meshes: Sequence[MeshFacts]) -> tuple[Finding, ...]:
    """Everything that would go wrong or look wrong elsewhere, errors first."""
    if not meshes:
        return (Finding("error", "The avatar has no mesh. Undo, or import it again."),)
    findings = [finding for mesh in meshes for finding in (*_errors(mesh), *_warnings(mesh))]
    return tuple(sorted(findings, key=lambda finding: finding.severity != "error"))


def _errors(mesh: MeshFacts) -> list[Finding]:
    found: list[Finding] = []

    def add(message: str, fix: Fix | None = None) -> None:
        found.append(Finding("error", message, mesh.name, fix))

    if mesh.vertices == 0:
        add(f"{mesh.name} has no vertices. Delete it.")
    if mesh.free_vertices:
        add(
            f"Vertices of {mesh.name} that hang on no bone: {mesh.free_vertices}. They would stay "
            "behind. Assign them in Weight Paint mode, or bind them like their neighbours.",
            "BIND_VERTICES",
        )
    if mesh.empty_images:
        add(
            f"Texture {mesh.empty_images[0]} of {mesh.name} can't be found. Use File > "
            "External Data > Find Missing Files.",
            "FIND_IMAGES",
        )
    return found


def _warnings(mesh: MeshFacts) -> list[Finding]:
    found: list[Finding] = []

    def add(message: str, fix: Fix | None = None) -> None:
        found.append(Finding("warning", message, mesh.name, fix))

    if mesh.crowded_vertices:
        add(
            f"Vertices of {mesh.name} that hang on more than four bones: "
            f"{mesh.crowded_vertices}. Game engines drop the weakest.",
            "LIMIT_WEIGHTS",
        )
    if mesh.uneven_vertices:
        add(
            f"Vertices of {mesh.name} whose weights don't add up to one: {mesh.uneven_vertices}. "
            "Other programs move them less, or more, than Blender.",
            "NORMALIZE_WEIGHTS",
        )
    if mesh.groups_without_bone:
        add(
            f"Vertex group {mesh.groups_without_bone[0]} of {mesh.name} has no bone. Rename "
            "it or its bone, or remove it.",
            "REMOVE_GROUPS",
        )
    if not mesh.has_texture_coordinates:
        add(f"{mesh.name} has no UV map; its texture won't show. Unwrap it in Edit mode.")
    if mesh.is_scaled:
        add(
            f"{mesh.name} is scaled or turned as an object; engines import it so.",
            "APPLY_TRANSFORMS",
        )
    return found
