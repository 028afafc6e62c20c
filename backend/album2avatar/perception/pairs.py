"""Two joints of a pair in one place: one of them is taken for the other.

A network that can't tell a left hand from a right one shows both where it sees a hand at all. Of
the pair the one that is surer keeps the place, and the other one goes to where else it may be.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

NEAR = 2.5
"""Heatmap pixels between two joints that are one place."""
REACH = 4
"""Heatmap pixels around that place in which the other joint isn't looked for again."""
ABSENT = -30.0
"""Logit of a pixel that is ruled out."""
PARTED = ("elbow", "wrist", "hand", "ankle")
"""Joints of limbs that part more often than they meet; hips, knees and eyes do lie close by."""


def part_pairs(heatmaps: Tensor, found: Tensor, names: Sequence[str]) -> Tensor:
    """Heatmaps without the places that the surer joint of a pair has taken.

    Args:
        heatmaps: (K, S, S) logits.
        found: (K, 3) x and y in heatmap pixels, confidence; see `heatmaps.find_keypoints`.
        names: K names, `left_elbow` and so on.

    Returns:
        (K, S, S), changed where two joints of a pair were in one place.
    """
    parted = heatmaps.clone()
    for joint in PARTED:
        left, right = names.index(f"left_{joint}"), names.index(f"right_{joint}")
        if float((found[left, :2] - found[right, :2]).norm()) >= NEAR:
            continue
        sure, other = (left, right) if found[left, 2] >= found[right, 2] else (right, left)
        taken = _around(heatmaps.shape[-1], found[sure, :2])
        parted[other] = torch.where(taken, ABSENT, parted[other])
    return parted


def _around(size: int, place: Tensor) -> Tensor:
    """(S, S) bool, within REACH of a place."""
    centres = torch.arange(size, device=place.device) + 0.5
    squared = (centres[None] - place[0]).square() + (centres[:, None] - place[1]).square()
    return squared < REACH**2
