"""Labels on a surface with smooth borders."""

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.topology import EdgeTable

AGREEING_ROUNDS = 2
"""Rounds in which a vertex takes over what its neighbours say; specks of a few vertices go."""
FAIRING_ROUNDS = 2
"""Rounds that make borders smooth; many more would close a narrow opening."""


def faired_labels(labels: Tensor, count: int, fixed: Tensor, edges: EdgeTable) -> Tensor:
    """Shares of labels whose borders run smoothly, (V, `count`), rows sum to 1.

    Args:
        labels: (V,) int64 below `count`.
        fixed: (V,) bool, vertices that keep their label.
    """
    whole = F.one_hot(labels, count).float()
    shares = whole
    for _ in range(AGREEING_ROUNDS):
        shares = shares + uniform_laplacian(shares, edges)
    # Whole labels are faired, not shares: a border would move towards the less certain one.
    shares = F.one_hot(shares.argmax(1), count).float()
    for _ in range(FAIRING_ROUNDS):
        shares = shares + uniform_laplacian(shares, edges)
    # Only now: a label that can't yield would take ring after ring of those beside it.
    return torch.where(fixed[:, None], whole, shares)
