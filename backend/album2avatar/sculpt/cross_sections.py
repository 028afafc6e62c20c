"""What hangs from the hips, as level cross-sections."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.marching import march
from album2avatar.sculpt.band import Band

_WAIST = 0.15
"""Metres above the legs in which a skirt comes off the trunk."""
_TAKING_IN = 0.3
"""How fast it does: metres inwards for each metre up."""
_DIRECTIONS = 48
"""Around a cross-section."""
_SIDEWAYS = 0.9
"""Cosine to the axis across the body from which on a direction tells the width."""


@dataclass(frozen=True)
class CrossSections:
    """Cloth that spans legs and hips. Each section is convex, and no narrower than the one above:
    cloth falls from what stands out."""

    reach: Tensor
    """(K, D) metres: how far each section reaches in each direction, the lowest one first."""
    bottom: Tensor
    """Scalar, metres: where the lowest section begins."""
    top: Tensor
    """Scalar, metres: where the legs end."""
    thickness: Tensor
    """Scalar, metres: from section to section."""

    def distance(self, places: Tensor) -> Tensor:
        """Horizontal distance (N,) of places (N, 3), metres, negative within; infinite above the
        hips."""
        count = len(self.reach)
        along = ((places[:, 2] - self.bottom) / self.thickness - 0.5).clamp(0, count - 1)
        lower = along.long().clamp(max=max(count - 2, 0))
        upper = (lower + 1).clamp(max=count - 1)
        reach = torch.lerp(self.reach[lower], self.reach[upper], (along - lower)[:, None])
        distance = (places[:, :2] @ _directions(places) - reach).amax(dim=1)
        above = (places[:, 2] - self.top).clamp(min=0)
        return torch.where(above < _WAIST, distance + _TAKING_IN * above, torch.inf)

    def flared(self) -> "CrossSections":
        """The same, growing downwards to the front and the back as much as it does to the sides.

        Photos from the side are rarer than from the front, and a draft's legs are not wide where
        no photo looks; but a skirt is cut evenly around.
        """
        hips = int(((self.top - self.bottom) / self.thickness).clamp(0, len(self.reach) - 1))
        sideways = _directions(self.reach)[0].abs() > _SIDEWAYS
        width = self.reach[:, sideways].mean(dim=1)
        growth = (width - width[hips]).clamp(min=0)
        even = self.reach[hips] + growth[:, None]
        reach = torch.cat([torch.maximum(self.reach, even)[:hips], self.reach[hips:]])
        return replace(self, reach=reach)


def cross_sections(band: Band, guess: Tensor, legs: Tensor, arms: Tensor) -> CrossSections | None:
    """Sections around the legs and hips of a surface; None where there is none.

    Args:
        guess: (N,) metres, signed distance to the surface.
        legs, arms: (N,) 0..1, how far a place belongs to them.
    """
    places = band.lattice.vertices
    marched = march(guess, band.edges)
    shares = marched.carry(torch.stack([legs, arms], dim=1))
    surface = marched.carry(places)
    of_legs = surface[shares[:, 0] > 0.5]
    if len(of_legs) == 0:
        return None
    top, bottom = of_legs[:, 2].amax(), of_legs[:, 2].amin()
    carries = (shares[:, 1] < 0.5) & (surface[:, 2] < top + _WAIST) & (surface[:, 2] >= bottom)
    surface = surface[carries]
    thickness = band.spacing.mean()
    slices = ((surface[:, 2] - bottom) / thickness).long()
    count = int(slices.max()) + 1
    reach = surface.new_full((count, _DIRECTIONS), -torch.inf).scatter_reduce(
        0,
        slices[:, None].expand(-1, _DIRECTIONS),
        surface[:, :2] @ _directions(surface),
        "amax",
    )
    reach = reach.flip(0).cummax(dim=0).values.flip(0)
    padded = F.pad(reach.T[None], (1, 1), mode="replicate")[0].T
    reach = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
    return CrossSections(reach, bottom, top, thickness)


def _directions(beside: Tensor) -> Tensor:
    """(2, D) unit, evenly around, on another tensor's device."""
    angles = torch.arange(_DIRECTIONS, device=beside.device) * (2 * math.pi / _DIRECTIONS)
    return torch.stack([angles.cos(), angles.sin()])
