"""A rigged avatar as one binary glTF 2.0 file.

Source: Khronos, "glTF 2.0 specification", 2021.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from album2avatar.body.rigged import BaseColor, RiggedAvatar, RiggedPart
from album2avatar.export.gltf_animation import Motion, build_animation
from album2avatar.export.gltf_buffer import ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER, GltfBuffer
from album2avatar.export.gltf_geometry import split_geometry
from album2avatar.export.gltf_skeleton import inverse_bind_matrices, joint_nodes
from album2avatar.export.textures import SurfaceTextures

_LINEAR, _LINEAR_MIPMAP_LINEAR, _CLAMP_TO_EDGE = 9729, 9987, 33071
_ROUGHNESS = 0.8
"""Cloth and skin are rough, and the painted colour holds no highlights to add to."""


def build_glb(
    avatar: RiggedAvatar,
    textures: SurfaceTextures,
    extras: Mapping[str, Any],
    generator: str,
    motions: Sequence[Motion] = (),
) -> bytes:
    """Put an avatar into a GLB: one mesh with a primitive for each part, one skin.

    One mesh, so that every reader sees one skin with every bone; the parts stay apart by
    their materials, which carry their names.

    Args:
        avatar: parts in the canonical pose.
        textures: of the parts with texture `albedo`.
        extras: what glTF can't say; goes to the armature's node as `album2avatar`.
        generator: name and version of the program.
        motions: each becomes an animation.

    Raises:
        ExportError: a part can't be written.
    """
    buffer = GltfBuffer()
    primitives = [_primitive(buffer, part, material) for material, part in enumerate(avatar.parts)]
    bones = len(avatar.skeleton.names)
    first_bone = 2
    roots = [first_bone + b for b, parent in enumerate(avatar.skeleton.parents) if parent < 0]
    nodes = [
        {"name": "Avatar", "children": roots, "extras": {"album2avatar": dict(extras)}},
        # The skinned mesh is a root: a skin ignores its node's place, so a parent would mislead.
        {"name": "Body", "mesh": 0, "skin": 0},
        *joint_nodes(avatar.skeleton, first_bone),
    ]
    inverse_bind = inverse_bind_matrices(avatar.skeleton).astype(np.float32)
    document: dict[str, Any] = {
        "asset": {"version": "2.0", "generator": generator},
        "scene": 0,
        "scenes": [{"name": "Scene", "nodes": [0, 1]}],
        "nodes": nodes,
        "meshes": [{"name": "Body", "primitives": primitives}],
        "skins": [
            {
                "name": "Avatar",
                "inverseBindMatrices": buffer.add_array(inverse_bind),
                "joints": list(range(first_bone, first_bone + bones)),
            }
        ],
        "materials": [_material(part, textures) for part in avatar.parts],
        **_textures(buffer, avatar, textures),
    }
    if motions:
        document["animations"] = [
            build_animation(buffer, avatar.skeleton, motion, first_bone) for motion in motions
        ]
    binary = buffer.content()
    document["accessors"] = buffer.accessors
    document["bufferViews"] = buffer.views
    document["buffers"] = [{"byteLength": len(binary)}]
    return pack_glb(document, binary)


def pack_glb(document: Mapping[str, Any], binary: bytes) -> bytes:
    """Join glTF JSON and its binary buffer into one file."""
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
    text += b" " * (-len(text) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(binary), b"BIN\0") + binary
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _primitive(buffer: GltfBuffer, part: RiggedPart, material: int) -> dict[str, Any]:
    geometry = split_geometry(part)
    attributes = {
        "POSITION": buffer.add_array(geometry.positions, ARRAY_BUFFER),
        "NORMAL": buffer.add_array(geometry.normals, ARRAY_BUFFER),
    }
    if geometry.texture_coordinates is not None:
        attributes["TEXCOORD_0"] = buffer.add_array(geometry.texture_coordinates, ARRAY_BUFFER)
    if geometry.tangents is not None:
        attributes["TANGENT"] = buffer.add_array(geometry.tangents, ARRAY_BUFFER)
    attributes["JOINTS_0"] = buffer.add_array(geometry.joints, ARRAY_BUFFER)
    attributes["WEIGHTS_0"] = buffer.add_array(geometry.weights, ARRAY_BUFFER)
    return {
        "attributes": attributes,
        "indices": buffer.add_array(geometry.triangles, ELEMENT_ARRAY_BUFFER),
        "material": material,
        "mode": 4,
    }


def _material(part: RiggedPart, textures: SurfaceTextures) -> dict[str, Any]:
    surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": _ROUGHNESS}
    material = {"name": part.name, "pbrMetallicRoughness": surface}
    if part.texture != "albedo":
        surface["baseColorFactor"] = [*linear_from_srgb(part.texture), 1.0]
        return material
    number = {name: index for index, (name, _) in enumerate(textures.named())}
    surface["baseColorTexture"] = {"index": number["albedo"]}
    if "roughness" in number:
        surface["roughnessFactor"] = 1.0
        surface["metallicRoughnessTexture"] = {"index": number["roughness"]}
    if "normals" in number:
        material["normalTexture"] = {"index": number["normals"]}
    return material


def _textures(
    buffer: GltfBuffer, avatar: RiggedAvatar, textures: SurfaceTextures
) -> dict[str, Any]:
    if all(part.texture != "albedo" for part in avatar.parts):
        return {}
    images = [
        {"name": name, "mimeType": "image/png", "bufferView": buffer.add_bytes(content)}
        for name, content in textures.named()
    ]
    sampler = {
        "magFilter": _LINEAR,
        "minFilter": _LINEAR_MIPMAP_LINEAR,
        "wrapS": _CLAMP_TO_EDGE,
        "wrapT": _CLAMP_TO_EDGE,
    }
    return {
        "images": images,
        "samplers": [sampler],
        "textures": [{"source": source, "sampler": 0} for source in range(len(images))],
    }


def linear_from_srgb(color: BaseColor) -> list[float]:
    """Linear light of an sRGB colour, both 0..1. Source: IEC 61966-2-1."""
    return [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in color
    ]
