"""The fitted body as the sculptor sees it: one closed surface, and what may change on it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.surface import nearest_body_vertices, outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.magnification import Magnifier
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

BARE_FREEDOM: Mapping[str, float] = {
    "face": 0.25,
    "foot.L": 0.5,
    "foot.R": 0.5,
    "hand.L": 0.0,
    "hand.R": 0.0,
}
"""How far a bare part follows the sculptor: fingers are thinner than what masks and prior
resolve, a beard is thin."""
SHOE_COVER = 0.007
"""Metres by which shoes lie off the foot at least: enough to close the gaps between toes, which no
mask shows."""
_FADING = 6
"""Smoothing steps that make the parts' borders soft, about as many edges wide."""


@dataclass(frozen=True)
class Template:
    """The body's closed outer surface."""

    surface: Mesh
    body_vertices: Tensor
    """(V,) int64, the vertex of the body that each vertex is, or is nearest to."""
    weights: Tensor
    """(V, J) skinning weights."""
    freedom: Tensor
    """(V,) 0 where the surface stays the template's, 1 where it may become anything."""
    cover: Tensor
    """(V,) metres by which what is worn lies off the body at least."""
    magnifiers: tuple[Magnifier, ...]
    """Around hands and head."""


def part_freedom(kinds: Iterable[AssetKind]) -> Mapping[str, float]:
    """How far each part follows the sculptor, 0..1; shoes have soles and no toes."""
    if "shoes" in kinds:
        return {**BARE_FREEDOM, "foot.L": 1.0, "foot.R": 1.0}
    return BARE_FREEDOM


def part_cover(kinds: Iterable[AssetKind]) -> Mapping[str, float]:
    """Least thickness of what is worn on each part, metres."""
    return {"foot.L": SHOE_COVER, "foot.R": SHOE_COVER} if "shoes" in kinds else {}


def make_template(
    body: CanonicalBody,
    magnification: float,
    freedom: Mapping[str, float],
    cover: Mapping[str, float],
) -> Template:
    """Close the body and mark what may change.

    Args:
        freedom: part to 0..1, from `part_freedom`; other parts are free.
        cover: part to metres, from `part_cover`; other parts have none.
    """
    surface = outer_surface(body)
    body_vertices = nearest_body_vertices(body, surface)
    return Template(
        surface,
        body_vertices,
        body.weights[body_vertices],
        # The borders fade outwards only: a part itself stays as held as it is.
        _soften(_by_part(body, freedom, 1.0)[body_vertices], surface),
        -_soften(-_by_part(body, cover, 0.0)[body_vertices], surface),
        tuple(
            _magnifier(body.vertices[body.parts[part]], magnification)
            for part in ("head", "hand.L", "hand.R")
        ),
    )


def _by_part(body: CanonicalBody, values: Mapping[str, float], elsewhere: float) -> Tensor:
    """(V,) of the body: each part's value."""
    of_vertices = torch.full((len(body.vertices),), elsewhere, device=body.vertices.device)
    for part, value in values.items():
        of_vertices[body.parts[part]] = value
    return of_vertices


def _soften(values: Tensor, surface: Mesh) -> Tensor:
    """Values (V,) that rise no faster than a few edges allow; low ones stay as they are."""
    hard = values[:, None]
    edges = edge_table(surface.faces)
    soft = hard
    for _ in range(_FADING):
        soft = soft + uniform_laplacian(soft, edges)
    return torch.minimum(hard, soft).squeeze(1)


def _magnifier(part: Tensor, magnification: float) -> Magnifier:
    centre = (part.amin(dim=0) + part.amax(dim=0)) / 2
    radius = float(torch.linalg.vector_norm(part - centre, dim=1).max())
    return Magnifier(centre, radius, magnification)
