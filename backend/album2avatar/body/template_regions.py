"""Where the template's own quads are worth most, and how it is laid on a sculpture."""

from collections.abc import Mapping

import torch
from torch import Tensor

from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.quads import consecutive_mates, pair_triangles, split_from_quads
from album2avatar.mesh.registration import Hold
from album2avatar.mesh.types import Mesh

ORDER: tuple[tuple[str, ...], ...] = (
    ("face",),
    ("hand.L", "hand.R"),
    ("head",),
    ("foot.L", "foot.R"),
    ("body",),
)
"""Regions in the order in which a budget goes to their quads: what is animated most comes first.
Hands and feet go in pairs."""
_REACH: Mapping[str, float] = {"hand.L": 0.004, "hand.R": 0.004}
"""Metres. A finger's neighbour is as near as this."""
_REACH_ELSEWHERE = 0.06
_TRUST: Mapping[str, float] = {"hand.L": 0.1, "hand.R": 0.1}
"""Fingers are thinner than what is sculpted, and sculpting holds hands at the template."""


def template_mates(body: CanonicalBody) -> tuple[Mesh, Tensor]:
    """The body's closed outer surface, and which of its triangles (F,) int64 are quads together.

    Anny's triangles are split from its quads, one after the other. SMPL-X has triangles only, and
    so have the lids over eyes and mouth: these are paired by shape.
    """
    surface = outer_surface(body)
    skin = body.parts["surface"]
    from_body = int(skin[body.faces].all(1).sum())
    is_lid = torch.arange(len(surface.faces)) >= from_body
    own = surface.faces[:from_body]
    if not split_from_quads(own):
        return surface, pair_triangles(surface, is_lid.long())
    mate = pair_triangles(surface, is_lid.long() - 1)
    mate[:from_body] = consecutive_mates(own)
    return surface, mate


def template_regions(body: CanonicalBody, surface: Mesh, mate: Tensor) -> dict[str, Tensor]:
    """Region to (F,) bool over the outer surface: every face in one, whole quads."""
    of_vertices = {name: mask[_body_vertices(body, surface)] for name, mask in body.parts.items()}
    left = torch.ones(len(surface.faces), dtype=torch.bool)
    regions: dict[str, Tensor] = {}
    for name in (name for group in ORDER for name in group if name != "body"):
        inside = of_vertices[name][surface.faces].all(1)
        inside &= torch.where(mate >= 0, inside[mate], True) & left
        regions[name] = inside
        left &= ~inside
    return regions | {"body": left}


def template_hold(body: CanonicalBody, surface: Mesh) -> Hold:
    """How far the outer surface's vertices follow a sculpture."""
    numbers = _body_vertices(body, surface)
    reach = torch.full((len(numbers),), _REACH_ELSEWHERE)
    trust = torch.ones(len(numbers))
    for name, value in _REACH.items():
        reach[body.parts[name][numbers]] = value
    for name, value in _TRUST.items():
        trust[body.parts[name][numbers]] = value
    return Hold(reach, trust)


def _body_vertices(body: CanonicalBody, surface: Mesh) -> Tensor:
    """(V,) int64, the body's vertex that each of the outer surface is, or is nearest to."""
    skin = body.parts["surface"].nonzero().squeeze(1)
    added = surface.vertices[len(skin) :]
    nearest = torch.cdist(added, body.vertices[skin]).argmin(1)
    return torch.cat([skin, skin[nearest]])
