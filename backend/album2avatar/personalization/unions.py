"""Which assets a training prompt names."""

from collections.abc import Sequence

import numpy as np
from torch import Tensor

from album2avatar.assets import Asset

FACE_WEIGHT = 3.0
"""How much likelier the face is drawn than another asset (PuzzleBooth)."""


def sample_union(
    visible: Sequence[int],
    assets: Sequence[Asset],
    whole_person_share: float,
    generator: np.random.Generator,
) -> tuple[int, ...]:
    """Draw a non-empty subset of the assets that a picture shows, in their own order.

    Args:
        visible: indices of the assets that the picture shows; not empty.
        assets: the whole table, for their kinds.
        whole_person_share: chance to name all of them.
    """
    if generator.random() < whole_person_share:
        return tuple(visible)
    count = int(generator.integers(1, len(visible) + 1))
    weights = np.array([FACE_WEIGHT if assets[i].kind == "face" else 1.0 for i in visible])
    chosen = generator.choice(
        np.array(visible), size=count, replace=False, p=weights / weights.sum()
    )
    return tuple(sorted(chosen.tolist()))


def union_mask(masks: Tensor, union: Sequence[int], background: Tensor) -> Tensor:
    """How much the loss looks where, (h, w): at the named assets, and a named background.

    Together the assets count by their area, one against the other by the root of it: trousers
    would outvote a pair of shoes. A named background counts by its area, or else what is learned
    of the edges spreads over it.

    Args:
        masks: (A, h, w) of one picture, in 0..1.
        union: indices of the named assets.
        background: (h, w); 0 where the background has no name.
    """
    named = masks[list(union)]
    areas = named.mean((1, 2), keepdim=True)
    roots = areas.sqrt()
    shares = areas.sum() * roots / roots.sum().clamp(min=1e-6)
    return (named / areas.clamp(min=1e-6) * shares).sum(0) + background
