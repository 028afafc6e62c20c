"""The first guess where cloth hangs between the legs. A draft is the body's surface moved, and
that has two legs; a skirt has one surface."""

from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.limb_bones import limb_of_bones
from album2avatar.body.types import CanonicalBody
from album2avatar.sculpt.band import Band
from album2avatar.sculpt.cross_sections import cross_sections
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
CLOTH_SHARE = 0.6
"""Of the photos that look past the body, how many see cloth where there is some. A dozen photos of
two people in dresses and one in a skirt: from 8 cm above the hem on nearly all do, 4 cm below it
at most 40 %, and beside one pair of trousers at most 8 %. The hull, which the worst of a dozen
photos decides, ended 1 to 6 cm above the hem, a share of 0.5 up to 3 cm below it, one of 0.7 from
2 cm below to 4 cm above it."""
_FALL = 0.08
"""Metres above the hem in which the hull isn't asked: some photo sees the hem lifted."""
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
    hangs from hips and legs and flares evenly, as far as the visual hull reaches. Just above the
    hem, where a fitted pose lifts it, the cloth falls on; just below, nothing but the body, shoes
    and what words describe stays outside of the hull.

    Args:
        offsets: (N,) metres, the guess so far; returned as it is where nothing hangs.
        posed_lattices: for each photo, where the N places are in its pose, (N, 3).
    """
    if not photos:
        return offsets
    legs = _share_of(band, body, "hip")
    arms = _share_of(band, body, "shoulder")
    guess = band.body_distance + offsets
    places = band.lattice.vertices
    sections = cross_sections(band, guess, legs, arms)
    if sections is None:
        return offsets
    between = (sections.distance(places) < 0) & (guess > 0) & (legs > 0.5)
    looked_past, cloth = _looks_past(posed_lattices, photos, body)
    judged = between & (looked_past >= LEAST_PHOTOS)
    heights = places[:, 2]
    hem = hem_height(heights[judged], (cloth > CLOTH_SHARE * looked_past)[judged])
    if hem is None:
        return offsets
    hull = hull_distance(posed_lattices, photos).clamp(max=_FAR)
    hanging = torch.maximum(sections.flared().distance(places) - EASE, smooth_over(band, hull))
    skirt = torch.maximum(hanging, hem - heights)
    closed_sections = cross_sections(band, torch.minimum(guess, skirt), legs, arms)
    if closed_sections is not None:
        fallen = torch.maximum(closed_sections.distance(places), hem - heights)
        skirt = torch.where(heights < hem + _FALL, torch.minimum(skirt, fallen), skirt)
    closed = torch.minimum(offsets, skirt - band.body_distance)
    # A draft's legs grow thinner over a hand's width below a hem, and what they wear stays.
    below = (legs > 0.5) & (heights < hem) & (heights > hem - _PUFF)
    room = torch.minimum(hull, band.described) - band.body_distance
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


def _looks_past(
    posed_lattices: Sequence[Tensor], photos: Sequence[MaskedPhoto], body: CanonicalBody
) -> tuple[Tensor, Tensor]:
    """How many photos look past the body at each place (N,), and how many of them see cloth."""
    looked_past = torch.zeros_like(posed_lattices[0][:, 0])
    cloth = torch.zeros_like(looked_past)
    for places, photo in zip(posed_lattices, photos, strict=True):
        distance, is_shown = outline_distance(places, bare_photo(body, photo))
        looks = is_shown & (distance > BESIDE)
        looked_past += looks
        cloth += looks & (outline_distance(places, photo)[0] < 0)
    return looked_past, cloth


def _share_of(band: Band, body: CanonicalBody, joint: str) -> Tensor:
    """(N,) 0..1, how far each place follows what hangs on both joints of a name."""
    bones = keypoint_bones(body.kind)
    begins = {bones[f"{side}_{joint}"]: 1 for side in ("left", "right")}
    chosen = limb_of_bones(body.skeleton, begins).to(band.weights.device) == 1
    return band.weights[:, chosen].sum(dim=1)
