"""A second reading of the glTF specification: numpy and JSON only, nothing of the writer."""

import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_TYPES = {5121: np.uint8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


@dataclass(frozen=True)
class ReadGlb:
    document: dict[str, Any]
    binary: bytes

    def array(self, accessor: int) -> NDArray[Any]:
        entry = self.document["accessors"][accessor]
        view = self.document["bufferViews"][entry["bufferView"]]
        width = _WIDTHS[entry["type"]]
        values = np.frombuffer(
            self.binary,
            _TYPES[entry["componentType"]],
            entry["count"] * width,
            view.get("byteOffset", 0) + entry.get("byteOffset", 0),
        )
        if entry["type"] == "MAT4":
            return values.reshape(-1, 4, 4).swapaxes(1, 2)
        return values.reshape(-1, width) if width > 1 else values

    def image(self, index: int) -> bytes:
        view = self.document["bufferViews"][self.document["images"][index]["bufferView"]]
        start = view.get("byteOffset", 0)
        return self.binary[start : start + view["byteLength"]]

    def attribute(self, primitive: int, name: str) -> NDArray[Any]:
        return self.array(self.document["meshes"][0]["primitives"][primitive]["attributes"][name])

    def joint_matrices(self, turns: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Joint matrices of the only skin, (J, 4, 4), after extra local turns of named joints."""
        nodes = self.document["nodes"]
        world: dict[int, NDArray[np.float64]] = {}

        def visit(index: int, parent: NDArray[np.float64]) -> None:
            node = nodes[index]
            local = _local(node)
            if node.get("name") in turns:
                local = local @ turns[node["name"]]
            world[index] = parent @ local
            for child in node.get("children", []):
                visit(child, world[index])

        for root in self.document["scenes"][0]["nodes"]:
            visit(root, np.eye(4))
        skin = self.document["skins"][0]
        inverse_bind = self.array(skin["inverseBindMatrices"]).astype(np.float64)
        return np.stack([world[joint] for joint in skin["joints"]]) @ inverse_bind

    def skinned(self, primitive: int, turns: dict[str, NDArray[np.float64]]) -> NDArray[np.float64]:
        """Positions of a primitive as a viewer shows them, (N, 3)."""
        matrices = self.joint_matrices(turns)[self.attribute(primitive, "JOINTS_0")]
        blended = np.einsum("nk,nkij->nij", self.attribute(primitive, "WEIGHTS_0"), matrices)
        points = np.pad(self.attribute(primitive, "POSITION"), ((0, 0), (0, 1)), constant_values=1)
        return np.einsum("nij,nj->ni", blended, points)[:, :3]


def read_glb(content: bytes) -> ReadGlb:
    magic, version, length = struct.unpack_from("<4sII", content)
    assert (magic, version, length) == (b"glTF", 2, len(content))
    text_length, text_kind = struct.unpack_from("<I4s", content, 12)
    start = 20 + text_length
    binary_length, binary_kind = struct.unpack_from("<I4s", content, start)
    assert (text_kind, binary_kind) == (b"JSON", b"BIN\0")
    document = json.loads(content[20:start])
    return ReadGlb(document, content[start + 8 : start + 8 + binary_length])


def _local(node: dict[str, Any]) -> NDArray[np.float64]:
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return matrix
