"""The first guess where cloth hangs between the legs. A draft is the body's surface moved, and
that has two legs; a skirt has one surface."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.limb_bones import limb_of_bones
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.marching import march
from album2avatar.sculpt.band import Band
from album2avatar.sculpt.hull import LEAST_PHOTOS, hull_distance, smooth_over
from album2avatar.sculpt.photos import MaskedPhoto, bare_photo, outline_distance

BESIDE = 0.02
"""Metres beside the body from which on a photo tells cloth between the legs from the legs."""
LEAST_DROP = 0.05
"""Metres that cloth reaches down between the legs at least: less is a low crotch."""
EASE = 0.02
"""Metres that a skirt may stand off what it hangs on, where the masks leave room. Where few views
bound it, it is no deeper than that. First guess of two people in skirts, Chamfer distance with 0,
2 and 4 cm: 1.30, 1.26, 1.28 cm and 1.59, 1.50, 1.45 cm."""
_WAIST = 0.15
"""Metres above the legs in which a skirt comes off the trunk."""
_TAKING_IN = 0.3
"""How fast it does: metres inwards for each metre up."""
_DIRECTIONS = 48
"""Around a cross-section."""
_PUFF = 0.15
"""Metres below the hem in which a draft's legs are as wide as a skirt without being one."""
_FAR = 0.1
"""Metres; how far beside the hull a place is does not matter beyond."""


def close_skirt(
    band: Band,
    offsets: Tensor,
    posed_lattices: Sequence[Tensor],
    photos: Sequence[MaskedPhoto],
    body: CanonicalBody,
) -> Tensor:
    """Offsets (N,) of a first guess in which a skirt is closed between the legs.

    Between the legs are the places outside of the guess that lie within the convex cross-section
    of both. Where at least `LEAST_PHOTOS` look past the body there, masks either show cloth or the
    background. From the crotch down to the hem (`hem_height`) the guess is then filled with what
    hangs straight down from hips and legs, as far as the visual hull reaches. Just below the hem
    nothing but the body, shoes and what words describe stays outside of the hull.

    Args:
        offsets: (N,) metres, the guess so far; returned as it is where nothing hangs.
        posed_lattices: for each photo, where the N places are in its pose, (N, 3).
    """
    if not photos:
        return offsets
    legs = _share_of(band, body, "hip")
    arms = _share_of(band, body, "shoulder")
    draped = draped_distance(band, band.body_distance + offsets, legs, arms)
    hull = hull_distance(posed_lattices, photos)
    looked_past = torch.zeros_like(hull)
    for places, photo in zip(posed_lattices, photos, strict=True):
        distance, is_shown = outline_distance(places, bare_photo(body, photo))
        looked_past += is_shown & (distance > BESIDE)
    between = (draped < 0) & (band.body_distance + offsets > 0) & (legs > 0.5)
    judged = between & (looked_past >= LEAST_PHOTOS)
    heights = band.lattice.vertices[:, 2]
    hem = hem_height(heights[judged], hull[judged] < 0)
    if hem is None:
        return offsets
    room = smooth_over(band, hull.clamp(max=_FAR))
    skirt = torch.maximum(torch.maximum(room, draped - EASE), hem - heights)
    closed = torch.minimum(offsets, skirt - band.body_distance)
    # A draft's legs grow thinner over a hand's width below a hem, and what they wear stays.
    below = (legs > 0.5) & (heights < hem) & (heights > hem - _PUFF)
    room = torch.minimum(hull.clamp(max=_FAR), band.described) - band.body_distance
    bare = torch.minimum(room.clamp(max=0), -band.cover)
    return torch.where(below, torch.maximum(closed, bare), closed)


def hem_height(heights: Tensor, is_cloth: Tensor) -> float | None:
    """Where cloth between the legs ends; None where there is none.

    It is the height above which most more places are cloth than aren't: a few that are judged
    wrongly neither make a skirt nor shorten one.

    Args:
        heights: (M,) metres, of places between the legs.
        is_cloth: (M,) bool.
    """
    if len(heights) == 0:
        return None
    falling, order = heights.sort(descending=True, stable=True)
    surplus = torch.where(is_cloth[order], 1, -1).cumsum(dim=0)
    last = int(surplus.argmax())
    drop = float(falling[0] - falling[last])
    return float(falling[last]) if int(surplus[last]) > 0 and drop >= LEAST_DROP else None


def draped_distance(band: Band, guess: Tensor, legs: Tensor, arms: Tensor) -> Tensor:
    """Horizontal distance (N,) to cloth that spans legs and hips, metres, negative within it.

    Each cross-section is convex, and no narrower than the one above: cloth falls from what stands
    out. Infinite above the hips.

    Args:
        guess: (N,) metres, signed distance to what the cloth hangs over.
        legs, arms: (N,) 0..1, how far a place belongs to them.
    """
    places = band.lattice.vertices
    marched = march(guess, band.edges)
    shares = marched.carry(torch.stack([legs, arms], dim=1))
    surface = marched.carry(places)
    of_legs = surface[shares[:, 0] > 0.5]
    if len(of_legs) == 0:
        return torch.full_like(guess, torch.inf)
    top, bottom = of_legs[:, 2].amax(), of_legs[:, 2].amin()
    carries = (shares[:, 1] < 0.5) & (surface[:, 2] < top + _WAIST) & (surface[:, 2] >= bottom)
    surface = surface[carries]
    angles = torch.arange(_DIRECTIONS, device=places.device) * (2 * math.pi / _DIRECTIONS)
    directions = torch.stack([angles.cos(), angles.sin()])

    # How far each slice reaches in each direction (K, D): its convex hull.
    thickness = band.spacing.mean()
    slices = ((surface[:, 2] - bottom) / thickness).long()
    count = int(slices.max()) + 1
    reach = surface.new_full((count, _DIRECTIONS), -torch.inf).scatter_reduce(
        0, slices[:, None].expand(-1, _DIRECTIONS), surface[:, :2] @ directions, "amax"
    )
    reach = reach.flip(0).cummax(dim=0).values.flip(0)
    padded = F.pad(reach.T[None], (1, 1), mode="replicate")[0].T
    reach = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4

    along = ((places[:, 2] - bottom) / thickness - 0.5).clamp(0, count - 1)
    lower = along.long().clamp(max=max(count - 2, 0))
    upper = (lower + 1).clamp(max=count - 1)
    here = torch.lerp(reach[lower], reach[upper], (along - lower)[:, None])
    distance = (places[:, :2] @ directions - here).amax(dim=1)
    above = (places[:, 2] - top).clamp(min=0)
    return torch.where(above < _WAIST, distance + _TAKING_IN * above, torch.inf)


def _share_of(band: Band, body: CanonicalBody, joint: str) -> Tensor:
    """(N,) 0..1, how far each place follows what hangs on both joints of a name."""
    bones = keypoint_bones(body.kind)
    begins = {bones[f"{side}_{joint}"]: 1 for side in ("left", "right")}
    chosen = limb_of_bones(body.skeleton, begins).to(band.weights.device) == 1
    return band.weights[:, chosen].sum(dim=1)
