"""Wide garments: what hides the skin from afar, and what is taken for skin and is none."""

import torch
from torch import Tensor

from album2avatar.mesh.borders import compacted
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh

LEAST_STEP = 0.002
"""Metres by which a look outwards goes on at least."""
FURTHEST = 0.6
"""Metres after which it has left any garment."""
OFF_BODY = 0.03
"""Metres from the body at which a surface is no skin."""
AT_GARMENT = 0.05
"""Metres from a garment within which such a surface is the garment's: the underside of a hem."""


def covering_faces(skin: Mesh, surface: DistanceField) -> Tensor:
    """(V,) int64, the face of a closed surface through which each vertex of the skin looks out.

    Sphere tracing along the skin's normals, from inside. A nearest face would not do: above a
    skirt's hem it is the hem's own plane, or the leg that comes out of it.
    """
    directions = vertex_normals(skin.vertices, skin.faces)
    away = torch.zeros(len(skin.vertices))
    closest = surface.closest_signed(skin.vertices)
    faces, distance = closest.faces.clone(), closest.signed_distance
    inside = (distance < 0).nonzero()[:, 0]
    distance = distance[inside]
    while len(inside) > 0:
        away[inside] += distance.neg().clamp(min=LEAST_STEP)
        points = skin.vertices[inside] + away[inside, None] * directions[inside]
        closest = surface.closest_signed(points)
        faces[inside] = closest.faces
        goes_on = (closest.signed_distance < 0) & (away[inside] < FURTHEST)
        inside, distance = inside[goes_on], closest.signed_distance[goes_on]
    return faces


def underside_faces(mesh: Mesh, is_skin: Tensor, taken: Tensor, body: DistanceField) -> Tensor:
    """(F,) bool, faces beside the taken ones that photos show as skin and that lie off the body.

    Between a hem and the legs photos show skin, and the sculpted surface spans it.

    Args:
        is_skin, taken: (F,) bool.
    """
    found = torch.zeros_like(taken)
    candidates = is_skin.nonzero()[:, 0]
    if len(candidates) == 0 or not bool(taken.any()):
        return found
    centres = mesh.vertices[mesh.faces[candidates]].mean(1)
    garment = DistanceField(compacted(mesh, taken)[0])
    is_off = body.closest(centres).distance > OFF_BODY
    is_off &= garment.closest(centres).distance < AT_GARMENT
    found[candidates[is_off]] = True
    return found
