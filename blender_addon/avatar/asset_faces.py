"""Which face of the mesh belongs to which asset, as an attribute that artists can use."""

# pyright: reportMissingImports=false

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import bmesh
import numpy as np
from numpy.typing import NDArray

from .metadata import AvatarMetadata, Part

ATTRIBUTE = "asset"
"""Integer attribute of the faces: the asset's place in the avatar's list; -1 is none."""
NO_ASSET = -1
_LAST = 2**31 - 1


def label_faces(mesh: Any, metadata: AvatarMetadata, kept: Sequence[NDArray[np.bool_]]) -> bool:
    """Write the attribute on a mesh's data as it came from an avatar's file.

    Args:
        kept: for each part of the file, which of its faces the mesh has.

    Returns:
        False where the file's counts don't fit the mesh; then nothing is written.
    """
    labels = [labels_of(part) for part in metadata.parts]
    if [len(part) for part in labels] != [len(part) for part in kept] or not metadata.assets:
        return False
    found = [part[mask] for part, mask in zip(labels, kept, strict=True)]
    if sum(map(len, found)) != len(mesh.polygons):
        return False
    attribute = mesh.attributes.new(ATTRIBUTE, "INT", "FACE")
    attribute.data.foreach_set("value", np.concatenate(found))
    return True


def labels_of(part: Part) -> NDArray[np.int32]:
    """Asset of each face, from the counts: a part's faces come in the order of the assets."""
    known = np.repeat(np.arange(len(part.asset_faces), dtype=np.int32), part.asset_faces)
    rest = np.full(max(0, part.faces - len(known)), NO_ASSET, dtype=np.int32)
    return np.concatenate([known, rest])


def faces_of(mesh: Any, asset: int) -> list[bool]:
    """For each face of a mesh's data whether it belongs to an asset; empty without labels."""
    attribute = mesh.attributes.get(ATTRIBUTE)
    if attribute is None or attribute.domain != "FACE" or attribute.data_type != "INT":
        return []
    labels = [NO_ASSET] * len(mesh.polygons)
    attribute.data.foreach_get("value", labels)
    return [label == asset for label in labels]


def sort_faces(mesh: Any) -> None:
    """Order faces by material, then asset, then quads first, as the counts in a file need them."""
    keys = _sort_keys(mesh)
    if all(former <= latter for former, latter in pairwise(keys)):
        return
    edited = bmesh.new()
    edited.from_mesh(mesh)
    for face, place in zip(
        edited.faces, _places(sorted(range(len(keys)), key=keys.__getitem__)), strict=True
    ):
        face.index = place
    edited.faces.sort()
    edited.to_mesh(mesh)
    edited.free()


def describe_parts(mesh: Any, parts: Sequence[Part]) -> list[dict[str, Any]]:
    """The parts of a sorted mesh for a file's extras: as before, with its triangles counted anew.

    A part whose faces have no asset says nothing about assets, as Blender's custom properties
    know no empty list; nor does one without quads about these.
    """
    triangles: Counter[tuple[int, int]] = Counter()
    quads: Counter[tuple[int, int]] = Counter()
    for (number, label, _), corners in zip(_sort_keys(mesh), _corners(mesh), strict=True):
        triangles[number, label] += corners - 2
        quads[number, label] += corners == 4
    described: list[dict[str, Any]] = []
    for place, material in enumerate(mesh.materials):
        counts = {label: count for (number, label), count in triangles.items() if number == place}
        if not counts or material is None:
            continue
        part: dict[str, Any] = {
            "name": material.name,
            "faces": sum(counts.values()),
            "texture": parts[place].texture if place < len(parts) else "color",
        }
        labels = range(max((label for label in counts if label != _LAST), default=-1) + 1)
        if labels:
            part["asset_faces"] = [counts.get(label, 0) for label in labels]
        if any(quads[place, label] for label in counts):
            part["quads"] = [quads[place, label] for label in (*labels, _LAST)]
        described.append(part)
    return described


def _corners(mesh: Any) -> list[int]:
    corners = [0] * len(mesh.polygons)
    mesh.polygons.foreach_get("loop_total", corners)
    return corners


def _sort_keys(mesh: Any) -> list[tuple[int, int, bool]]:
    """Material and asset of each face, and whether it is no quad; faces without asset come last."""
    materials = [0] * len(mesh.polygons)
    mesh.polygons.foreach_get("material_index", materials)
    labels = [NO_ASSET] * len(mesh.polygons)
    attribute = mesh.attributes.get(ATTRIBUTE)
    if attribute is not None and attribute.domain == "FACE" and attribute.data_type == "INT":
        attribute.data.foreach_get("value", labels)
    return [
        (material, label if label != NO_ASSET else _LAST, corners != 4)
        for material, label, corners in zip(materials, labels, _corners(mesh), strict=True)
    ]


def _places(order: Sequence[int]) -> list[int]:
    """Where each face goes, from the face that each place takes."""
    places = [0] * len(order)
    for place, face in enumerate(order):
        places[face] = place
    return places
