"""What photos don't move: hands and face are finer on the template than any pixel of theirs."""

import torch
from torch import Tensor

from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh

HELD = ("face", "hand.L", "hand.R")
NEAR = 0.02
"""Metres from the body within which a place is the part itself, not what is worn before it."""
_FADING = 12
"""Rounds over the mesh in which the parts' borders get soft, about four edges wide."""


def freedom(mesh: Mesh, edges: EdgeTable, body: CanonicalBody) -> Tensor:
    """How far each vertex follows the photos, (V, 1): 0 on hands and face, 1 elsewhere.

    Args:
        mesh: in the body's canonical pose.
    """
    held = torch.stack([body.parts[part] for part in HELD]).any(0)
    closest = DistanceField(Mesh(body.vertices, body.faces)).closest(mesh.vertices)
    is_held = held[closest.nearest_vertex()] & (closest.distance < NEAR)
    free = (~is_held).to(mesh.vertices.dtype)[:, None]
    soft = free
    for _ in range(_FADING):
        soft = soft + uniform_laplacian(soft, edges)
    # The border fades outwards alone: a part itself stays held.
    return torch.minimum(free, soft)
