"""Meshes on disk, as safetensors."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.tensor_files import damaged, read_tensors, write_tensors

_KIND = "mesh"
_EXTRA = "extra."


@dataclass(frozen=True)
class StoredMesh:
    """A mesh as a stage left it."""

    mesh: Mesh
    uv: UvMap | None
    extras: Mapping[str, Tensor]
    """Whatever else the stage says about the mesh, by name."""


def save_mesh(
    path: Path, mesh: Mesh, uv: UvMap | None = None, extras: Mapping[str, Tensor] | None = None
) -> None:
    """Write a mesh atomically.

    Raises:
        MeshError: the mesh is empty, not finite, or names vertices that it doesn't have.
        WorkspaceError: the file can't be written.
    """
    check_mesh(mesh, str(path))
    tensors = {"vertices": mesh.vertices.float(), "faces": mesh.faces.long()}
    if uv is not None:
        _check_uv(uv, mesh, str(path))
        tensors |= {"uv.coordinates": uv.coordinates.float(), "uv.faces": uv.faces.long()}
    tensors |= {_EXTRA + name: tensor for name, tensor in (extras or {}).items()}
    write_tensors(path, _KIND, tensors, {"has_uv": uv is not None})


def load_mesh(path: Path) -> StoredMesh:
    """Read what `save_mesh` wrote.

    Raises:
        WorkspaceError: the file is missing, damaged, or holds something else.
        MeshError: its mesh breaks a rule; see `check_mesh`.
    """
    tensors, header = read_tensors(path, _KIND)
    try:
        mesh = Mesh(tensors["vertices"], tensors["faces"])
        uv = UvMap(tensors["uv.coordinates"], tensors["uv.faces"]) if header["has_uv"] else None
    except KeyError as error:
        raise damaged(path, error) from error
    check_mesh(mesh, str(path))
    if uv is not None:
        _check_uv(uv, mesh, str(path))
    extras = {k.removeprefix(_EXTRA): v for k, v in tensors.items() if k.startswith(_EXTRA)}
    return StoredMesh(mesh, uv, extras)


def check_mesh(mesh: Mesh, where: str) -> None:
    """Make sure that later stages can rely on a mesh.

    Args:
        where: the file or the step that the message names.

    Raises:
        MeshError: no faces, wrong shapes, a vertex that is not finite, or a face that names
            a vertex which isn't there.
    """
    vertices, faces = mesh.vertices, mesh.faces
    advice = "Run the stage that makes it again; if that doesn't help, try another seed."
    if vertices.ndim != 2 or vertices.shape[1] != 3 or faces.ndim != 2 or faces.shape[1] != 3:
        raise MeshError(
            f"The mesh of {where} has vertices of shape {tuple(vertices.shape)} and faces of "
            f"shape {tuple(faces.shape)}; both must have three columns. {advice}"
        )
    if faces.shape[0] == 0:
        raise MeshError(f"The mesh of {where} has no faces. {advice}")
    if not bool(torch.isfinite(vertices).all()):
        raise MeshError(f"The mesh of {where} has vertices that are not finite. {advice}")
    _check_range(faces, vertices.shape[0], f"The mesh of {where}", advice)


def _check_uv(uv: UvMap, mesh: Mesh, where: str) -> None:
    advice = "Run the paint stage again."
    if uv.faces.shape != mesh.faces.shape or uv.coordinates.shape[1:] != (2,):
        raise MeshError(
            f"The UV map of {where} has {uv.faces.shape[0]} faces for a mesh of "
            f"{mesh.faces.shape[0]}. {advice}"
        )
    if not bool(torch.isfinite(uv.coordinates).all()):
        raise MeshError(f"The UV map of {where} is not finite. {advice}")
    _check_range(uv.faces, uv.coordinates.shape[0], f"The UV map of {where}", advice)


def _check_range(faces: Tensor, count: int, what: str, advice: str) -> None:
    low, high = int(faces.min()), int(faces.max())
    if low < 0 or high >= count:
        raise MeshError(
            f"{what} names vertex {low if low < 0 else high}, but has {count} only. {advice}"
        )
