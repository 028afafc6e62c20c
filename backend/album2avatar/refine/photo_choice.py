"""Which photos a step looks at."""

from collections import Counter
from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.assets import PhotoLabels

HERO_SHARE = 0.5
"""Of the looks that go to the photo that the artist marked: as many as to all others together."""


def photo_chances(labels: Sequence[PhotoLabels], hero: str) -> Tensor:
    """How often each photo is looked at, (P,) float64, sums to 1.

    Every side of the person and every framing that the album has is looked at equally often, so
    that ten selfies don't outvote the one photo of the back.

    Args:
        hero: id of the photo that counts as much as all others; none where empty.
    """
    kinds = [(label.view, label.framing) for label in labels]
    counts = Counter(kinds)
    chances = torch.tensor([1.0 / counts[kind] for kind in kinds], dtype=torch.float64)
    chances = chances / chances.sum()
    is_hero = torch.tensor([label.photo == hero for label in labels])
    if not bool(is_hero.any()) or len(labels) == 1:
        return chances
    others = torch.where(is_hero, 0.0, chances)
    return HERO_SHARE * is_hero + (1 - HERO_SHARE) * others / others.sum()


def choose_photos(chances: Tensor, count: int, generator: torch.Generator) -> list[int]:
    """Draw up to `count` different photos."""
    possible = int((chances > 0).sum())
    drawn = torch.multinomial(chances, min(count, possible), generator=generator)
    return sorted(drawn.tolist())
