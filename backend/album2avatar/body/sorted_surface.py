"""A skinned surface with its faces in the order that a rigged avatar promises."""

import torch
from torch import Tensor

from album2avatar.body.rigged import RiggedPart
from album2avatar.mesh.quads import quads_first
from album2avatar.mesh.types import Mesh, UvMap


def sorted_surface(
    mesh: Mesh,
    uv: UvMap | None,
    weights: Tensor,
    face_assets: Tensor,
    mate: Tensor,
    asset_count: int,
) -> RiggedPart:
    """The avatar's surface with its faces in the order of their assets, quads first in each.

    Args:
        weights: (V, J).
        face_assets: (F,) int64 from 0; both halves of a quad have the same.
        mate: (F,) int64, see `mesh.quads`.
    """
    order, quads = quads_first(mate, face_assets, asset_count)
    return RiggedPart(
        name="avatar",
        mesh=Mesh(mesh.vertices, mesh.faces[order]),
        uv=UvMap(uv.coordinates, uv.faces[order]) if uv is not None else None,
        weights=weights,
        texture="albedo",
        asset_faces=tuple(torch.bincount(face_assets, minlength=asset_count).tolist()),
        quads=tuple(quads.tolist()),
    )
