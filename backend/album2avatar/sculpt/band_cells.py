"""Which cubes of a grid around the body the surface may come to lie in."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.attire.shape import ClothField
from album2avatar.mesh.magnification import demagnify, magnify
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import TetrahedralMesh, lattice_tetrahedra
from album2avatar.sculpt.photos import MaskedPhoto, may_be_person
from album2avatar.sculpt.template import Template

NEAR_OUTSIDE = 0.03
"""Metres outside of the body that always belong to the band, whatever the masks say."""
NEAR_INSIDE = 0.02
"""Metres inside of the body that belong to it."""
MASK_MARGIN = 0.04
"""Metres beside the masks that still belong to it: how wrong a fitted pose may be."""
DESCRIBED_MARGIN = 0.04
"""Metres beside described cloth that belong to it, for the prior to shape."""
_BLOCK = 4
"""Cells along a block's side; whole blocks that are too far away are dropped first."""
_ROOM = 2
"""Cells on every side of a surface at the rim that a band laid anew gives it."""


@dataclass(frozen=True)
class BandCells:
    """Cubes of a grid that is uniform in enlarged space."""

    origin: Tensor
    """(3,) metres in enlarged space."""
    spacing: float
    """Metres in enlarged space, side of a cube."""
    cells: Tensor
    """(C, 3) int64."""

    def points(self) -> Tensor:
        """The lattice's vertices (N, 3) int64 in half cubes, sorted."""
        return lattice_tetrahedra(self.cells)[0]

    def lattice(self, template: Template) -> TetrahedralMesh:
        """Fill the cubes with tetrahedra, in real space."""
        points, tetrahedra = lattice_tetrahedra(self.cells)
        places = self.origin + points * (self.spacing / 2)
        return TetrahedralMesh(demagnify(places, template.magnifiers), tetrahedra)


def choose_cells(
    template: Template,
    photos: Sequence[MaskedPhoto] | None,
    described: ClothField,
    count: int,
    outward_reach: float,
) -> BandCells:
    """The neighbourhood of the body, and what masks or words leave room for.

    Args:
        photos: whose masks leave room; where None, there is room everywhere within reach.
        described: cloth that no mask needs to show.
        count: cubes along the body's height.
        outward_reach: metres.
    """
    field = DistanceField(template.surface)
    heights = template.surface.vertices[:, 2]
    spacing = float(heights.amax() - heights.amin()) / count
    enlarged = magnify(template.surface.vertices, template.magnifiers)
    origin = enlarged.amin(dim=0) - outward_reach - 2 * spacing
    extent = enlarged.amax(dim=0) + outward_reach + 2 * spacing - origin
    blocks = torch.cartesian_prod(
        *[torch.arange(math.ceil(float(side) / (spacing * _BLOCK))) for side in extent]
    ).to(origin.device)

    centres = _centres(template, origin, blocks, spacing * _BLOCK)
    radius = _radius(template, origin, blocks, spacing * _BLOCK)
    distance = field.closest_signed(centres).signed_distance
    near = (distance < outward_reach + radius) & (distance > -NEAR_INSIDE - 2 * radius)
    offsets = torch.cartesian_prod(*[torch.arange(_BLOCK)] * 3).to(origin.device)
    cells = (blocks[near][:, None] * _BLOCK + offsets).reshape(-1, 3)

    centres = _centres(template, origin, cells, spacing)
    radius = _radius(template, origin, cells, spacing)
    closest = field.closest_signed(centres)
    distance = closest.signed_distance
    deep_enough = distance > -NEAR_INSIDE - 2 * radius
    chosen = deep_enough & (distance < torch.maximum(torch.tensor(NEAR_OUTSIDE), 2 * radius))
    wide = deep_enough & ~chosen & (distance < outward_reach)
    weights = closest.interpolate(template.weights)[wide]
    room = described.distance(centres[wide], radius[wide]) < DESCRIBED_MARGIN
    if photos is None:
        room[:] = True
    elif photos:
        room |= may_be_person(centres[wide], weights, photos, MASK_MARGIN)
    chosen[wide] = room
    return BandCells(origin, spacing, cells[chosen])


def with_room(band: BandCells, template: Template, places: Tensor) -> BandCells:
    """The band with the cells around places (P, 3), metres."""
    scaled = (magnify(places, template.magnifiers) - band.origin) / band.spacing
    steps = torch.cartesian_prod(*[torch.arange(-_ROOM, _ROOM + 1)] * 3).to(places.device)
    beside = (scaled.floor().long().unique(dim=0)[:, None] + steps).reshape(-1, 3)
    cells = torch.cat([band.cells, beside]).unique(dim=0)
    return BandCells(band.origin, band.spacing, cells)


def _centres(template: Template, origin: Tensor, cells: Tensor, size: float) -> Tensor:
    return demagnify(origin + (cells + 0.5) * size, template.magnifiers)


def _radius(template: Template, origin: Tensor, cells: Tensor, size: float) -> Tensor:
    """Metres from a cell's centre to its corners, at most, after enlarging is undone."""
    middle = origin + (cells + 0.5) * size
    half = [
        torch.linalg.vector_norm(
            demagnify(middle + axis, template.magnifiers)
            - demagnify(middle - axis, template.magnifiers),
            dim=1,
        )
        for axis in torch.eye(3, device=origin.device) * (size / 2)
    ]
    return torch.stack(half).amax(dim=0) * (math.sqrt(3) / 2)
