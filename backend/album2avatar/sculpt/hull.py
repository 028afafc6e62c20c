"""The first guess: from the body most of the way to the masks' visual hull, and to the draft."""

from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.sculpt.band import Band
from album2avatar.sculpt.photos import MaskedPhoto, outline_distance

HULL_SHARE = 0.7
"""How far from the body to the hull the first guess lies. The hull also holds what no photo
happens to look past; the remaining share keeps such places empty where the body is far."""
DRAFT_SHARE = 0.8
"""Say of the draft where there is one. It follows limbs that a fitted pose misses; the hull knows
what hangs between them."""
DENYING_SHARE = 0.08
"""A place lies as far outside as this share of the photos say, not as the worst of them: a pose
may be fitted wrongly. Of a dozen photos even the worst counts: without it the demo avatar's
first guess was 1.30 cm from the truth, with it 0.99 cm."""
LEAST_PHOTOS = 3
"""Fewer photos of a place say nothing about its hull."""
_SMOOTHING = 4
"""Rounds over the lattice that take the pixels' steps off the guess."""


def first_offsets(
    band: Band,
    posed_lattices: Sequence[Tensor],
    photos: Sequence[MaskedPhoto],
    drafted: Tensor | None,
) -> Tensor:
    """Offsets (N,) of the signed distance, metres, at most minus the cover: cloth stands off the
    body, by what the masks leave room for, and shoes and what words describe even where they
    don't.

    Args:
        drafted: (N,) metres, signed distance to the draft; None where there is none.
    """
    offsets = torch.zeros_like(band.body_distance)
    if photos:
        offsets = hull_offsets(band, posed_lattices, photos)
    if drafted is not None:
        offsets = torch.lerp(offsets, drafted - band.body_distance, DRAFT_SHARE)
    return torch.minimum(torch.minimum(offsets, -band.cover), band.described - band.body_distance)


def hull_offsets(
    band: Band, posed_lattices: Sequence[Tensor], photos: Sequence[MaskedPhoto]
) -> Tensor:
    """Offsets (N,) that lead most of the way to the masks' visual hull, metres."""
    distance = hull_distance(posed_lattices, photos)
    return smooth_over(band, HULL_SHARE * (distance - band.body_distance).clamp(max=0))


def smooth_over(band: Band, values: Tensor) -> Tensor:
    """Values (N,) of the lattice's places without the steps of the masks' pixels."""
    ends = band.edges.vertices
    start, end = ends[:, 0], ends[:, 1]
    for _ in range(_SMOOTHING):
        summed = torch.zeros_like(values).index_add(0, start, values[end])
        summed = summed.index_add(0, end, values[start])
        values = summed / band.neighbor_count
    return values


def hull_distance(posed_lattices: Sequence[Tensor], photos: Sequence[MaskedPhoto]) -> Tensor:
    """Signed distance (N,) to the visual hull, metres; infinite where too few photos look.

    Args:
        posed_lattices: for each photo, where the N places are in its pose, (N, 3).
    """
    distances: list[Tensor] = []
    shown: list[Tensor] = []
    for points, photo in zip(posed_lattices, photos, strict=True):
        distance, is_shown = outline_distance(points, photo)
        distances.append(torch.where(is_shown, distance, -torch.inf))
        shown.append(is_shown)
    count = torch.stack(shown).sum(dim=0)
    ordered = torch.stack(distances).sort(dim=0, descending=True).values
    denied = (DENYING_SHARE * count).long()
    chosen = ordered.gather(0, denied[None])[0]
    return torch.where(count >= LEAST_PHOTOS, chosen, torch.inf)
