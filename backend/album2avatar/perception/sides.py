"""Which of a pair of keypoints is the left one, settled from the side that the camera sees.

The network finds joints well before it tells a person's left from right: a back looks much
like a front. Its word for the view is surer, and says which of a pair lies where.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

SURE = 0.25
"""Lead of front over back, or of back over front, from which the order in the picture is
trusted; below it the camera looks from the side, where it says nothing."""

_ORDERED = ("eye", "shoulder", "elbow", "hip", "knee")
"""Joints of which the left one lies on the left side of the body in nearly every pose."""

_ATTACHED = (("wrist", "elbow"), ("hand", "wrist"), ("ankle", "knee"), ("toe", "ankle"))
"""Joints that may cross the body's middle; they go with the joint that they hang on."""


def settle_sides(keypoints: Tensor, names: Sequence[str], front: float, back: float) -> Tensor:
    """Exchange left and right of a pair where the view says so.

    Args:
        keypoints: (K, 3) x to the right, y, confidence.
        names: K names, `left_elbow` and so on.
        front, back: probabilities of the view being from the front and from the back.

    Returns:
        (K, 3), the same points under settled names.
    """
    if abs(front - back) < SURE:
        return keypoints
    settled = keypoints.clone()
    left_is_right_of = 1.0 if front > back else -1.0
    for joint in _ORDERED:
        left, right = names.index(f"left_{joint}"), names.index(f"right_{joint}")
        if (settled[left, 0] - settled[right, 0]) * left_is_right_of < 0:
            settled[[left, right]] = settled[[right, left]]
    for joint, root in _ATTACHED:
        left, right = names.index(f"left_{joint}"), names.index(f"right_{joint}")
        roots = settled[[names.index(f"left_{root}"), names.index(f"right_{root}")], :2]
        ends = settled[[left, right], :2]
        distances = torch.cdist(ends, roots)
        if distances[0, 0] + distances[1, 1] > distances[0, 1] + distances[1, 0]:
            settled[[left, right]] = settled[[right, left]]
    return settled
