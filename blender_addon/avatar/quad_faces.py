"""The quads that an avatar's mesh was made of.

A file has triangles only, and says which of them belong together.
"""

# pyright: reportMissingImports=false

from collections.abc import Sequence
from typing import Any

import bmesh
import numpy as np
from numpy.typing import NDArray

from .metadata import AvatarMetadata, Part


def join_quads(mesh: Any, metadata: AvatarMetadata, kept: Sequence[NDArray[np.bool_]]) -> int:
    """Dissolve the diagonals of a mesh's data as it came from an avatar's file.

    Everything that hangs on vertices, corners and faces stays as it was.

    Args:
        kept: for each part of the file, which of its triangles the mesh has.

    Returns:
        How many quads there are; none where the file's counts don't fit the mesh.
    """
    if [part.faces for part in metadata.parts] != [len(mask) for mask in kept]:
        return 0
    if sum(int(mask.sum()) for mask in kept) != len(mesh.polygons):
        return 0
    pairs = _pairs(metadata.parts, kept)
    if not pairs:
        return 0
    edited = bmesh.new()
    edited.from_mesh(mesh)
    edited.faces.ensure_lookup_table()
    diagonals: list[Any] = []
    for one, other in pairs:
        first, second = edited.faces[one], edited.faces[other]
        shared = [edge for edge in first.edges if second in edge.link_faces]
        # Welding may have bent a pair into something else.
        if len(shared) == 1 and len(shared[0].link_faces) == 2:
            diagonals.append(shared[0])
    bmesh.ops.dissolve_edges(edited, edges=diagonals, use_verts=False, use_face_split=False)
    edited.to_mesh(mesh)
    edited.free()
    return len(diagonals)


def first_triangles(part: Part) -> list[int]:
    """The first triangle of each of a part's quads; the second follows it."""
    rest = part.faces - sum(part.asset_faces)
    groups = (*part.asset_faces, rest)
    starts = [sum(groups[:number]) for number in range(len(groups))]
    return [
        start + 2 * number
        for start, size, quads in zip(starts, groups, part.quads, strict=False)
        for number in range(min(quads, size // 2))
    ]


def _pairs(parts: Sequence[Part], kept: Sequence[NDArray[np.bool_]]) -> list[tuple[int, int]]:
    """Faces of the mesh that are one quad."""
    pairs: list[tuple[int, int]] = []
    before = 0
    for part, mask in zip(parts, kept, strict=True):
        face = before + np.cumsum(mask) - 1
        pairs += [
            (int(face[row]), int(face[row + 1]))
            for row in first_triangles(part)
            if mask[row] and mask[row + 1]
        ]
        before += int(mask.sum())
    return pairs
