"""The rigged avatar: what the rig stage hands to export."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from album2avatar.body.storage import restore_skeleton, skeleton_header, skeleton_tensors
from album2avatar.body.types import Skeleton
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.tensor_files import damaged, read_tensors, write_tensors

_RIGGED = "rigged avatar"

BaseColor = tuple[float, float, float]
"""sRGB, 0..1."""


@dataclass(frozen=True)
class RiggedPart:
    """One skinned mesh of the avatar, in the canonical pose."""

    name: str
    """`avatar` for the sculpted and painted surface; others are pieces of the template."""
    mesh: Mesh
    uv: UvMap | None
    """None where the part has one colour."""
    weights: Tensor
    """(V, J) float32, rows sum to 1, at most 4 entries of a row are not 0."""
    texture: Literal["albedo"] | BaseColor
    """`albedo` for the workspace's base colour texture, else one colour."""
    asset_faces: tuple[int, ...] = ()
    """Number of faces of each asset, in the asset table's order: the first so many faces are the
    first asset's, and so on. Empty where the part belongs to no asset."""
    quads: tuple[int, ...] = ()
    """Number of quads of each asset, or of the whole part where it belongs to none: the first faces
    of an asset are quads, each as two triangles one after the other. Empty where there are none."""


@dataclass(frozen=True)
class RiggedAvatar:
    """A skeleton and the meshes that hang on it."""

    skeleton: Skeleton
    parts: tuple[RiggedPart, ...]


def save_rigged(path: Path, avatar: RiggedAvatar) -> None:
    """Write a rigged avatar atomically."""
    tensors = skeleton_tensors(avatar.skeleton)
    described: list[dict[str, Any]] = []
    for index, part in enumerate(avatar.parts):
        prefix = f"part{index}."
        tensors[prefix + "vertices"] = part.mesh.vertices
        tensors[prefix + "faces"] = part.mesh.faces
        tensors[prefix + "weights"] = part.weights
        if part.uv is not None:
            tensors[prefix + "uv_coordinates"] = part.uv.coordinates
            tensors[prefix + "uv_faces"] = part.uv.faces
        described.append(
            {
                "name": part.name,
                "texture": part.texture,
                "asset_faces": part.asset_faces,
                "quads": part.quads,
            }
        )
    write_tensors(path, _RIGGED, tensors, {**skeleton_header(avatar.skeleton), "parts": described})


def load_rigged(path: Path) -> RiggedAvatar:
    """Read a rigged avatar.

    Raises:
        WorkspaceError: the file is missing, damaged, or holds something else.
    """
    tensors, header = read_tensors(path, _RIGGED)
    try:
        parts = tuple(
            _restore_part(tensors, f"part{index}.", described)
            for index, described in enumerate(header["parts"])
        )
        return RiggedAvatar(restore_skeleton(tensors, header), parts)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, error) from error


def _restore_part(tensors: dict[str, Tensor], prefix: str, described: dict[str, Any]) -> RiggedPart:
    uv = None
    if prefix + "uv_faces" in tensors:
        uv = UvMap(tensors[prefix + "uv_coordinates"], tensors[prefix + "uv_faces"])
    texture: Literal["albedo"] | BaseColor = "albedo"
    if described["texture"] != "albedo":
        red, green, blue = (float(value) for value in described["texture"])
        texture = (red, green, blue)
    return RiggedPart(
        name=described["name"],
        mesh=Mesh(tensors[prefix + "vertices"], tensors[prefix + "faces"]),
        uv=uv,
        weights=tensors[prefix + "weights"],
        texture=texture,
        asset_faces=tuple(int(count) for count in described["asset_faces"]),
        quads=tuple(int(count) for count in described.get("quads", ())),
    )
