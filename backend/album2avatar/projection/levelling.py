"""Photos levelled to each other, so that no step shows where the say of one ends.

Two bands: what is coarse comes from all photos in the mean, what is fine from the one that shows it
best. Source: Burt and Adelson 1983, "A multiresolution spline with application to image mosaics",
on the surface instead of in an image.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.topology import EdgeTable
from album2avatar.projection.texel_corners import TexelCorners
from album2avatar.render.baking import TexelMap

REACH = 6.0
"""Edges over which one photo's level passes into another's."""
ROUNDS = 3
"""Times that the photos are brought nearer to their mean; a step is a quarter after each."""
LEAST = 1e-6
"""Weight, against a vertex's usual one, at which a photo's level is no longer known."""


@dataclass(frozen=True)
class LevelledSurface:
    """Where levels spread."""

    faces: Tensor
    """(F, 3) int64."""
    edges: EdgeTable
    vertex_assets: Tensor
    """(V,) int64; nothing crosses from one asset to another."""


def level_photos(
    texels: TexelMap,
    corners: TexelCorners,
    surface: LevelledSurface,
    colors: Tensor,
    weights: Tensor,
) -> Tensor:
    """Colours (P, N, 3) of P photos at N texels, each moved smoothly towards the mean of all.

    What all photos agree on stays as it is.

    Args:
        colors: (P, N, 3).
        weights: (P, N) how much each is believed; 0 where it doesn't show the texel.
    """
    solve = _diffusion(surface)
    known = torch.stack([corners.gather(weight[:, None]) for weight in weights])
    reached = solve(known)
    usual = reached.sum(0)[reached.sum(0) > 0].median()
    total = weights.sum(0).clamp(min=1e-30)[:, None]
    for _ in range(ROUNDS):
        mean = (weights[..., None] * colors).sum(0) / total
        away = [
            corners.gather(weight[:, None] * (mean - color))
            for weight, color in zip(weights, colors, strict=True)
        ]
        shifts = solve(torch.stack(away)) / reached.clamp(min=1e-30)
        shifts = torch.where(reached > LEAST * usual, shifts, 0.0).to(colors)
        moved = [texels.read(shift, surface.faces) for shift in shifts]
        colors = colors + torch.stack(moved)
    return colors.clamp(0, 1)


def _diffusion(surface: LevelledSurface) -> Callable[[Tensor], Tensor]:
    """What spreads values (P, V, C) over REACH edges within each asset, float64."""
    pairs = surface.edges.vertices.cpu().numpy()
    owners = surface.vertex_assets.cpu().numpy()
    pairs = pairs[owners[pairs[:, 0]] == owners[pairs[:, 1]]]
    matrix = sparse.identity(len(owners)) + REACH**2 * graph_laplacian(pairs, len(owners))
    factors = splu(matrix.tocsc())

    def solve(values: Tensor) -> Tensor:
        photos, count, size = values.shape
        rows = values.double().permute(1, 0, 2).reshape(count, -1).cpu().numpy()
        solved = torch.from_numpy(np.asarray(factors.solve(rows)))
        return solved.view(count, photos, size).permute(1, 0, 2).to(values.device)

    return solve
