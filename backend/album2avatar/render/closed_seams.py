"""Textures that read alike from both sides of their seams."""

import numpy as np
import torch
from scipy.sparse import coo_array
from scipy.sparse.linalg import lsqr
from torch import Tensor

from album2avatar.mesh.seam_edges import evenly_along, seam_edges
from album2avatar.mesh.types import UvMap

HOLD = 0.1
"""How much a texel holds on to its colour, where 1 is as much as a place on a seam asks of it."""
_SPACING = 0.5
"""Texels between the places at which both sides are compared."""


def close_seams(colors: Tensor, faces: Tensor, uv: UvMap) -> Tensor:
    """Change the texels that seams are filtered from, as little as makes both sides alike.

    The two sides of a seam lie differently among their texels, so that detail as fine as a texel
    is read differently from either. The change is the damped least-squares solution over all
    seams at once.

    Args:
        colors: (H, W, C) in 0..1, row 0 at v = 0, its charts continued beyond their borders
            (`continue_across_seams`).
        faces: (F, 3) int64 of the mesh.

    Returns:
        (H, W, C) in 0..1, changed nowhere but along seams.

    Source: the energy of Liu et al. 2017, "Seamless: seam erasure and seam-aware decoupling of
    shape from mesh resolution", section 3, for values alone.
    """
    height, width, channels = colors.shape
    ours, theirs = _compared_places(faces, uv, max(height, width))
    if len(ours) == 0:
        return colors
    texels, weights = _bilinear(torch.cat([ours, theirs], 1), width, height)
    weights[:, 4:] *= -1
    read, column = texels.unique(return_inverse=True)
    row = torch.arange(len(ours))[:, None].expand_as(column)
    entries = (weights.flatten().numpy(), (row.flatten().numpy(), column.flatten().numpy()))
    jump = coo_array(entries, shape=(len(ours), len(read))).tocsr()
    known = colors.reshape(-1, channels)
    before = known[read.to(colors.device)].double().cpu().numpy()
    change = [lsqr(jump, -(jump @ before[:, c]), damp=HOLD)[0] for c in range(channels)]
    closed = torch.from_numpy((before + np.stack(change, 1)).clip(0, 1)).to(known)
    return known.index_copy(0, read.to(colors.device), closed).view_as(colors)


def _compared_places(faces: Tensor, uv: UvMap, size: int) -> tuple[Tensor, Tensor]:
    """The same places of the surface on both sides of its seams, (N, 2) each, float64."""
    sides = seam_edges(faces, uv).sides.double().cpu()  # (S, 2 sides, 2 ends, 2)
    lengths = (sides[:, :, 1] - sides[:, :, 0]).norm(dim=2).amax(1)
    edge, share = evenly_along(lengths * size, _SPACING, 2)
    places = torch.lerp(sides[edge, :, 0], sides[edge, :, 1], share[:, None, None])
    return places[:, 0], places[:, 1]


def _bilinear(places: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Rows of texels, and shares of them, that bilinear filtering reads.

    Args:
        places: (N, 2 P) texture coordinates, u and v of P places after another.

    Returns:
        (N, 4 P) int64 texels, counted row by row, and (N, 4 P) float64.
    """
    size = torch.tensor([width, height], dtype=torch.float64)
    x, y = (places.view(len(places), -1, 2) * size - 0.5).unbind(2)
    left, bottom = x.floor().clamp(0, width - 2), y.floor().clamp(0, height - 2)
    right_share, top_share = (x - left).clamp(0, 1), (y - bottom).clamp(0, 1)
    corner = (bottom * width + left).long()
    texels = torch.stack([corner, corner + 1, corner + width, corner + width + 1], 2)
    across = torch.stack([1 - right_share, right_share], 2)
    upwards = torch.stack([1 - top_share, top_share], 2)
    shares = upwards[..., :, None] * across[..., None, :]
    return texels.flatten(1), shares.flatten(1)
