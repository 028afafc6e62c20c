"""Which triangles of a GLB become faces in Blender. Knows nothing of Blender.

The importer welds vertices at the same place. A triangle that this leaves with two corners
is dropped, and so is one that covers another; what the file says by counting needs to know.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .glb_file import read_chunks

_INDEX_TYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32}


def kept_triangles(path: Path) -> list[NDArray[np.bool_]]:
    """For each primitive of a GLB's only mesh: which of its triangles survive welding.

    Returns:
        One array (T,) for each primitive; no array at all where the file has another number
        of meshes than one, or is laid out in a way that album2avatar and Blender don't write.
    """
    try:
        document, binary = read_chunks(path.read_bytes())
        (mesh,) = document["meshes"]
        return [_kept(document, binary, primitive) for primitive in mesh["primitives"]]
    except (OSError, ValueError, KeyError, IndexError, TypeError, struct.error):
        return []


def _kept(
    document: Mapping[str, Any], binary: bytes, primitive: Mapping[str, Any]
) -> NDArray[np.bool_]:
    positions = _array(document, binary, primitive["attributes"]["POSITION"], np.float32, 3)
    indices = _array(
        document,
        binary,
        primitive["indices"],
        _INDEX_TYPES[document["accessors"][primitive["indices"]]["componentType"]],
        1,
    )
    _, welded = np.unique(positions, axis=0, return_inverse=True)
    corners = np.sort(welded.reshape(-1)[indices.reshape(-1, 3)], axis=1)
    is_whole = (corners[:, 0] != corners[:, 1]) & (corners[:, 1] != corners[:, 2])
    _, first = np.unique(corners, axis=0, return_index=True)
    is_first = np.zeros(len(corners), dtype=np.bool_)
    is_first[first] = True
    return is_whole & is_first


def _array(
    document: Mapping[str, Any], binary: bytes, accessor: int, kind: Any, width: int
) -> NDArray[Any]:
    """An accessor's numbers, (count, width). Packed tightly, as both writers do."""
    described = document["accessors"][accessor]
    view = document["bufferViews"][described["bufferView"]]
    if "byteStride" in view and view["byteStride"] != np.dtype(kind).itemsize * width:
        raise ValueError("interleaved")
    offset = view.get("byteOffset", 0) + described.get("byteOffset", 0)
    count = described["count"] * width
    return np.frombuffer(binary, kind, count, offset).reshape(-1, width)
