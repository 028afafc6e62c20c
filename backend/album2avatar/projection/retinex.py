"""What lights of photos leave behind in colours: shading of forms that the surface doesn't have.

Where a photo's light is divided out by normals that are smoother than the person's, or turned, a
faint relief stays, or one that isn't there is put in. Retinex on the surface: within an asset a
small change of lightness alone is shading, a strong one, or one of hue, is paint. Source: Horn
1974, "Determining lightness from an image", with weights that fall smoothly instead of a threshold.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.projection.levelling import LevelledSurface
from album2avatar.projection.light import LEAST_COLOR
from album2avatar.projection.texel_corners import TexelCorners
from album2avatar.render.baking import TexelMap

SMALL_CHANGE = 0.1
"""Difference of logarithms along an edge, about a centimetre, beyond which it is rather paint."""
HUE = 3.0
"""How much more a change of hue says for paint."""
PAINTED = 0.05
"""What an edge between two paints says, against one within: shading hardly changes across it."""
SMOOTHNESS = 1.0
"""Edges over which shading is even: strands of hair and fine patterns stay."""
REACH = 30.0
"""Edges beyond which shading is forgotten."""
DEEPEST = 0.25
"""Logarithm of the strongest shading that is taken away."""
LEAST = 1e-3
"""Confidence, gathered at a vertex, below which its colour is not known."""
_LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue, ITU-R BT.601."""


def without_shading(
    texels: TexelMap,
    corners: TexelCorners,
    surface: LevelledSurface,
    colors: Tensor,
    confidence: Tensor,
) -> Tensor:
    """Colours (N, 3) of a surface's texels without smooth shading; hues and patterns stay.

    Args:
        colors: (N, 3) sRGB 0..1.
        confidence: (N,) how much each is believed; 0 where it isn't known.
    """
    logs = colors.clamp(min=LEAST_COLOR).log()
    gathered = corners.gather(torch.cat([confidence[:, None] * logs, confidence[:, None]], 1))
    known = gathered[:, 3] > LEAST
    mean = (gathered[:, :3] / gathered[:, 3:].clamp(min=LEAST)).double().cpu().numpy()
    shading = torch.from_numpy(_shading(surface, mean, known.cpu().numpy())).to(colors)
    for asset in surface.vertex_assets.unique():
        own = (surface.vertex_assets == asset) & known
        if bool(own.any()):
            shading[own] -= shading[own].median()
    said = texels.read(shading.clamp(-DEEPEST, DEEPEST)[:, None], surface.faces)
    return (colors * (-said).exp()).clamp(0, 1)


def _shading(
    surface: LevelledSurface, logs: NDArray[np.float64], known: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Logarithm of the shading at each vertex, (V,), but for a constant in each asset."""
    pairs = surface.edges.vertices.cpu().numpy()
    owners = surface.vertex_assets.cpu().numpy()
    inside = (owners[pairs[:, 0]] == owners[pairs[:, 1]]) & known[pairs].all(1)
    start, end = pairs[inside].T
    change = logs[start] - logs[end]
    lightness = change @ np.array(_LUMA)
    hue = np.square(change - lightness[:, None]).sum(1)
    is_shading = (1 + (np.square(lightness) + HUE**2 * hue) / SMALL_CHANGE**2) ** -2
    strength = PAINTED + (1 - PAINTED) * is_shading
    wanted = strength * is_shading * lightness
    right = np.bincount(start, wanted, len(owners)) - np.bincount(end, wanted, len(owners))
    hold = sparse.identity(len(owners))
    laplacian = graph_laplacian(pairs[inside], len(owners), strength)
    found = splu((laplacian + hold / REACH**2).tocsc()).solve(right)
    even = hold + SMOOTHNESS**2 * graph_laplacian(pairs[inside], len(owners))
    return np.asarray(splu(even.tocsc()).solve(found))
