"""Skinning weights of a surface from those of the body in it.

Source of the idea (trust closest points only where distance and direction agree, fill the
rest by a smooth field): Abdrashitov et al. 2023, "Robust skin weights transfer via weight
inpainting".
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.settings import RigSettings
from album2avatar.skinning.influences import bone_distances, gathered, smoothed, strongest
from album2avatar.skinning.inpainting import inpaint

MOST_INFLUENCES = 4
"""What game engines and glTF's first joint set take."""
_JUMP = 0.02
"""Metres that the closest points of two neighbours may be farther apart than they are."""


@dataclass(frozen=True)
class Transfer:
    """Weights taken from the closest points of the body."""

    weights: Tensor
    """(V, J) rows sum to 1."""
    trusted: Tensor
    """(V,) bool, whether the closest point is the one that the vertex should follow."""


def skin_surface(mesh: Mesh, body: CanonicalBody, hair: Tensor, settings: RigSettings) -> Tensor:
    """Weights of a surface in the canonical pose.

    Args:
        hair: (V,) bool. Hair hangs on the head: where it is nearest to shoulders or back it
            follows neither fully, but what is around it.

    Returns:
        (V, J) rows sum to 1, at most `MOST_INFLUENCES` of each are not 0.
    """
    edges = edge_table(mesh.faces)
    transfer = transfer_weights(mesh, edges, body, hair, settings)
    whole = inpaint(mesh, edges, transfer.weights, transfer.trusted)
    soft = smoothed(whole, mesh, edges, settings.smoothing_steps)
    loose = (~transfer.trusted).to(soft.dtype)[:, None]
    loose = smoothed(loose, mesh, edges, settings.smoothing_steps)
    skeleton = body.skeleton
    few = gathered(soft, skeleton.names, skeleton.parents, body.kind)
    blended = (1 - loose) * soft + loose * few
    return strongest(blended, MOST_INFLUENCES, bone_distances(skeleton.parents))


def transfer_weights(
    mesh: Mesh, edges: EdgeTable, body: CanonicalBody, hair: Tensor, settings: RigSettings
) -> Transfer:
    """Take over the weights of the closest points and say which of them to trust."""
    skin = outer_surface(body)
    closest = DistanceField(skin).closest(mesh.vertices)
    weights = closest.interpolate(skin_weights(body, skin))
    under = F.normalize(closest.interpolate(vertex_normals(skin.vertices, skin.faces)), dim=-1)
    facing = (under * vertex_normals(mesh.vertices, mesh.faces)).sum(-1)
    trusted = (closest.distance <= settings.trusted_distance) & (
        facing >= math.cos(math.radians(settings.trusted_angle))
    )
    on_head = torch.zeros(len(skin.vertices))
    on_head[: int(body.parts["surface"].sum())] = body.parts["head"][body.parts["surface"]].float()
    trusted &= ~hair | (closest.interpolate(on_head[:, None])[:, 0] > 0.5)
    torn = torn_edges(mesh.vertices, closest.points, edges)
    trusted[edges.vertices[torn].flatten()] = False
    return Transfer(weights / weights.sum(-1, keepdim=True), trusted)


def skin_weights(body: CanonicalBody, skin: Mesh) -> Tensor:
    """Weights (M, J) of `outer_surface(body)`; the centres of its fans take their rims' mean."""
    known = body.weights[body.parts["surface"]]
    weights = torch.cat([known, known.new_zeros(len(skin.vertices) - len(known), known.shape[1])])
    for centre in range(len(known), len(skin.vertices)):
        around = skin.faces[(skin.faces == centre).any(-1)].unique()
        weights[centre] = known[around[around < len(known)]].mean(0)
    return weights


def torn_edges(vertices: Tensor, closest: Tensor, edges: EdgeTable) -> Tensor:
    """Edges whose ends hang on places of the body that are much farther apart, (E,) bool.

    This is where an armpit or a crotch is bridged: one end follows the arm, the other the
    trunk, and the edge would tear when the arm is lifted.
    """
    start, end = edges.vertices.unbind(-1)
    length = (vertices[start] - vertices[end]).norm(dim=-1)
    apart = (closest[start] - closest[end]).norm(dim=-1)
    return apart > length + _JUMP
