"""The fitted body's skin as one closed surface with a UV map: what a draft is made of."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.template_regions import template_mates
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.mesh.uv import UnwrapOptions, unwrap
from album2avatar.skinning.transfer import skin_weights

HELD_PARTS = ("face", "hand.L", "hand.R", "foot.L", "foot.R")
"""Thinner than fitted poses are wrong, and the likeness: they stay the template's."""
_FADING = 12
"""Smoothing steps over which the surface around them becomes free, about as many edges wide."""
_EVENNESS = 40
"""Smoothing steps of the directions: the folds of an ear move together, not into each other."""


@dataclass(frozen=True)
class DraftTemplate:
    """The closed skin of the body in its canonical pose."""

    mesh: Mesh
    mate: Tensor
    """(F,) int64, which triangles are quads together; see `mesh.quads`."""
    edges: EdgeTable
    uv: UvMap
    weights: Tensor
    """(V, J) skinning weights, those of the body."""
    directions: Tensor
    """(V, 3) unit, where offsets lead to: normals that are even over folds."""
    freedom: Tensor
    """(V,) 0 where the surface stays the template's, 1 where it may move."""

    def moved(self, offsets: Tensor) -> Tensor:
        """Vertices (V, 3) after offsets (V,) in metres."""
        return self.mesh.vertices + offsets[:, None] * self.directions


def make_template(
    body: CanonicalBody, texture_size: int, poll: Callable[[], None]
) -> DraftTemplate:
    """Close the body's skin at eyes and mouth, and give it the template's UV map.

    A template that has none (SMPL-X) is unwrapped.

    Args:
        texture_size: texels of the texture's side.
        poll: called often; raises to stop.
    """
    mesh, mate = template_mates(body)
    edges = edge_table(mesh.faces)
    if len(body.uv_coordinates) == 0:
        uv = unwrap(mesh, UnwrapOptions(texture_size), poll)
    else:
        uv = _template_uv(body, mesh)
    return DraftTemplate(
        mesh,
        mate,
        edges,
        uv,
        skin_weights(body, mesh),
        _even_normals(mesh, edges),
        _freedom(body, mesh, edges),
    )


def _template_uv(body: CanonicalBody, mesh: Mesh) -> UvMap:
    """The template's map; the fans' centres lie in the middle of their openings on it."""
    kept = body.uv_faces[body.parts["surface"][body.faces].all(-1)]
    skin = int(body.parts["surface"].sum())
    place = torch.zeros(len(mesh.vertices), dtype=torch.int64)
    place[mesh.faces[: len(kept)]] = kept
    fans = mesh.faces[len(kept) :]
    centres = [
        body.uv_coordinates[place[fans[fans[:, 2] == apex, :2].unique()]].mean(0)
        for apex in range(skin, len(mesh.vertices))
    ]
    place[skin:] = len(body.uv_coordinates) + torch.arange(len(mesh.vertices) - skin)
    coordinates = torch.cat([body.uv_coordinates, *[centre[None] for centre in centres]])
    return UvMap(coordinates, torch.cat([kept, place[fans]]))


def _even_normals(mesh: Mesh, edges: EdgeTable) -> Tensor:
    normals = vertex_normals(mesh.vertices, mesh.faces)
    for _ in range(_EVENNESS):
        normals = normals + uniform_laplacian(normals, edges)
    return F.normalize(normals, dim=-1, eps=1e-12)


def _freedom(body: CanonicalBody, mesh: Mesh, edges: EdgeTable) -> Tensor:
    skin = body.parts["surface"]
    free = torch.ones(len(mesh.vertices), 1)
    for part in HELD_PARTS:
        free[: int(skin.sum())][body.parts[part][skin]] = 0.0
    # The fans close eyes and mouth.
    free[int(skin.sum()) :] = 0.0
    soft = free
    for _ in range(_FADING):
        soft = soft + uniform_laplacian(soft, edges)
    return torch.minimum(free, soft).squeeze(1)
