"""The two parts of a GLB. Knows nothing of Blender.

Source: Khronos, "glTF 2.0 specification", 2021, section 4.4.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

_HEADER, _CHUNK = struct.Struct("<4sII"), struct.Struct("<I4s")


def read_chunks(content: bytes) -> tuple[Mapping[str, Any], bytes]:
    """Split a GLB into its document and its binary buffer.

    Raises:
        ValueError: it is no GLB.
        struct.error: it is cut off.
    """
    magic, _, _ = _HEADER.unpack_from(content)
    if magic != b"glTF":
        raise ValueError("no GLB")
    length, _ = _CHUNK.unpack_from(content, _HEADER.size)
    start = _HEADER.size + _CHUNK.size
    document = json.loads(content[start : start + length])
    return document, content[start + length + _CHUNK.size :]
