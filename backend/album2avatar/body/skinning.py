"""Linear blend skinning."""

import torch
from torch import Tensor


def skin_points(points: Tensor, weights: Tensor, bone_transforms: Tensor) -> Tensor:
    """Move canonical points with their bones.

    Args:
        points: (N, 3).
        weights: (N, J), rows sum to 1.
        bone_transforms: (B, J, 4, 4), canonical to posed.

    Returns:
        (B, N, 3).
    """
    blended = torch.einsum("nj,bjrc->bnrc", weights, bone_transforms[:, :, :3, :])
    return torch.einsum("bnrc,nc->bnr", blended[..., :3], points) + blended[..., 3]
