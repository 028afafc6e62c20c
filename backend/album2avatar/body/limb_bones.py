"""Which bones hang on which."""

from collections.abc import Mapping

import torch
from torch import Tensor

from album2avatar.body.types import Skeleton


def limb_of_bones(skeleton: Skeleton, begins: Mapping[str, int]) -> Tensor:
    """The limb (J,) int64 of each bone: the one that begins at it, or nearest above it.

    Args:
        begins: bone to the limb that begins at it; bones that a skeleton lacks begin nothing.
            What hangs on none of them is limb 0.
    """
    limbs: list[int] = []
    for name, parent in zip(skeleton.names, skeleton.parents, strict=True):
        limbs.append(begins.get(name, limbs[parent] if parent >= 0 else 0))
    return torch.tensor(limbs)
