"""Geometry of one part in the form that graphics cards and glTF want."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from album2avatar.body.rigged import RiggedPart
from album2avatar.errors import ExportError
from album2avatar.export.axes import Floats, turn_points
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.tangents import corner_tangents

INFLUENCES = 4
"""Bones that may pull at one vertex; what game engines and glTF's first weight set take."""


@dataclass(frozen=True)
class SplitGeometry:
    """One index for everything: a vertex stands once for each of its texture coordinates."""

    triangles: NDArray[np.uint32]
    """(F * 3,) corner indices."""
    positions: NDArray[np.float32]
    """(N, 3) glTF frame, metres."""
    normals: NDArray[np.float32]
    """(N, 3) unit."""
    texture_coordinates: NDArray[np.float32] | None
    """(N, 2), v down as in glTF; None where the part has one colour."""
    tangents: NDArray[np.float32] | None
    """(N, 4) unit tangent, and 1 or -1 where the bitangent is turned; None as above."""
    joints: NDArray[Any]
    """(N, 4) uint8 or uint16."""
    weights: NDArray[np.float32]
    """(N, 4), rows sum to 1; an unused place has weight 0 and joint 0."""


def split_geometry(part: RiggedPart) -> SplitGeometry:
    """Split a part at its UV seams.

    Normals are smooth across seams, so that a reader can weld the copies again.

    Raises:
        ExportError: a vertex hangs on no bone.
    """
    corners = part.mesh.faces.numpy().reshape(-1)
    normals = _unit_normals(part)
    if part.uv is None:
        source, triangles = np.unique(corners, return_inverse=True)
        coordinates, tangents = None, None
    else:
        pairs = np.stack([corners, part.uv.faces.numpy().reshape(-1)], axis=1)
        pairs, triangles = np.unique(pairs, axis=0, return_inverse=True)
        source = pairs[:, 0]
        coordinates = part.uv.coordinates.double().numpy()[pairs[:, 1]]
        coordinates[:, 1] = 1.0 - coordinates[:, 1]
        coordinates = coordinates.astype(np.float32)
        tangents = _tangents(part, part.uv, normals, pairs)
    joints, weights = strongest_influences(part.weights.double().numpy(), part.name)
    return SplitGeometry(
        triangles=triangles.reshape(-1).astype(np.uint32),
        positions=turn_points(part.mesh.vertices.double().numpy()[source]).astype(np.float32),
        normals=turn_points(normals[source]).astype(np.float32),
        texture_coordinates=coordinates,
        tangents=tangents,
        joints=joints[source],
        weights=weights[source],
    )


def strongest_influences(weights: Floats, part: str) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """Keep each vertex's strongest bones and normalise what is left.

    Args:
        weights: (V, J) not negative.
        part: name for the error.

    Returns:
        Joints (V, 4) and weights (V, 4); sums of rows differ from 1 by float32 rounding only.

    Raises:
        ExportError: a vertex hangs on no bone.
    """
    bones = weights.shape[1]
    padded = np.zeros((len(weights), max(INFLUENCES, bones)), weights.dtype)
    padded[:, :bones] = weights
    joints = np.argsort(-padded, axis=1, kind="stable")[:, :INFLUENCES]
    strongest = np.take_along_axis(padded, joints, axis=1)
    totals = strongest.sum(axis=1, keepdims=True)
    free = int((totals[:, 0] <= 0).sum())
    if free:
        raise ExportError(
            f"{free} vertices of part {part!r} hang on no bone. Delete the workspace's rig "
            "folder and run the same command again."
        )
    normalised = (strongest / totals).astype(np.float32)
    joints[normalised == 0] = 0
    return joints.astype(np.uint8 if bones <= 256 else np.uint16), normalised


def _tangents(
    part: RiggedPart, uv: UvMap, normals: Floats, pairs: NDArray[np.int64]
) -> NDArray[np.float32]:
    """(N, 4) of pairs (N, 2) of a mesh's and a texture's vertex, in glTF's frame.

    The file holds them because a normal map is true only in the frames that it was baked in.
    """
    found, signs = corner_tangents(
        Mesh(part.mesh.vertices.double(), part.mesh.faces),
        UvMap(uv.coordinates.double(), uv.faces),
        torch.from_numpy(normals),
    )
    tangents, normal = found.numpy()[pairs[:, 1]], normals[pairs[:, 0]]
    # Any direction across the normal will do where no face has an area in the texture.
    across = np.cross(normal, np.eye(3)[np.abs(normal).argmin(1)])
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    is_none = np.linalg.norm(tangents, axis=1, keepdims=True) < 0.5
    turned = turn_points(np.where(is_none, across, tangents))
    return np.concatenate([turned, signs.numpy()[pairs[:, 1]]], 1).astype(np.float32)


def _unit_normals(part: RiggedPart) -> Floats:
    """Smooth normals, (V, 3); a vertex of collapsed faces only gets the world's up."""
    normals = vertex_normals(part.mesh.vertices.double(), part.mesh.faces).numpy()
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    usable = np.isfinite(lengths) & (lengths > 1e-6)
    up = np.array([0.0, 0.0, 1.0])
    return np.where(usable, normals / np.where(usable, lengths, 1.0), up)
