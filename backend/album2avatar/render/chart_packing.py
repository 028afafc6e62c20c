"""UV charts laid into the texels that a texture has left."""

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage
from scipy.signal import fftconvolve
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.charts import Chart, find_charts, flat_areas
from album2avatar.mesh.types import UvMap
from album2avatar.render.baking import covered_texels

SHRINK = 0.88
"""Factor by which all charts get smaller when one of them finds no place."""
SMALLEST = 0.15
"""Share of the wished scale below which the texture is called too small."""
ROOM = 0.93
"""Share of the free texels that charts may fill at most; packing is never perfect."""

Bits = npt.NDArray[np.bool_]


def pack_charts(uv: UvMap, taken: Bits, scale: float, padding: int) -> tuple[UvMap, float]:
    """Lay charts into the free texels of a square texture, the largest first.

    Args:
        uv: charts without overlap, in any place and unit.
        taken: (S, S) bool, texels that are in use; row 0 at v = 0.
        scale: texels for a unit of the given coordinates, if there is room.
        padding: empty texels between charts, and between charts and what is taken.

    Returns:
        The same faces with coordinates in 0..1 of the texture, and the scale that was possible.

    Raises:
        MeshError: there is no room for a sensible scale.
    """
    size = len(taken)
    blocked = _grown(taken, padding)
    charts = find_charts(uv)
    wished = scale
    scale = min(scale, _scale_that_fills(uv, float((~blocked).sum()) * ROOM))
    while scale >= SMALLEST * wished:
        placed = _place_all(uv, charts, blocked, scale, padding)
        if placed is not None:
            return UvMap(placed / size, uv.faces), scale
        scale *= SHRINK
    raise MeshError(
        "The texture has no room left for the new garment. Choose a larger paint.texture_size and "
        "make the avatar again."
    )


def _place_all(
    uv: UvMap, charts: list[Chart], blocked: Bits, scale: float, padding: int
) -> Tensor | None:
    """Coordinates (T, 2) in texels, or None where a chart finds no place."""
    blocked = blocked.copy()
    result = torch.zeros_like(uv.coordinates)
    for chart in charts:
        points = uv.coordinates[chart.corners] * scale
        for turned in (points, torch.stack([-points[:, 1], points[:, 0]], 1)):
            moved = turned - turned.amin(0) + 0.5
            stamp = _stamp(moved, chart.faces, padding)
            place = _first_free(blocked, stamp)
            if place is not None:
                break
        else:
            return None
        row, column = place
        blocked[row : row + stamp.shape[0], column : column + stamp.shape[1]] |= stamp
        result[chart.corners] = moved + torch.tensor([column + padding, row + padding])
    return result


def _stamp(points: Tensor, faces: Tensor, padding: int) -> Bits:
    """Texels that a chart with its padding needs; it lies `padding` from the stamp's corner."""
    side = int(points.max().ceil()) + 1
    covered = covered_texels(UvMap(points / side, faces), (side, side)).cpu().numpy()
    width, height = (int(extent) for extent in points.amax(0).ceil() + 1)
    # A face that covers no texel's centre needs one all the same.
    columns, rows = points.long().unbind(1)
    covered[rows.numpy(), columns.numpy()] = True
    framed = np.pad(covered[:height, :width], padding)
    return _grown(framed, padding)


def _grown(bits: Bits, texels: int) -> Bits:
    if texels == 0:
        return bits
    return np.asarray(ndimage.binary_dilation(bits, iterations=texels), np.bool_)


def _first_free(blocked: Bits, stamp: Bits) -> tuple[int, int] | None:
    """Lowest place, row and column, at which the stamp meets nothing that is blocked."""
    if stamp.shape[0] > blocked.shape[0] or stamp.shape[1] > blocked.shape[1]:
        return None
    overlap = fftconvolve(blocked.astype(np.float32), stamp[::-1, ::-1].astype(np.float32), "valid")
    rows, columns = np.nonzero(overlap < 0.5)
    return (int(rows[0]), int(columns[0])) if len(rows) else None


def _scale_that_fills(uv: UvMap, texels: float) -> float:
    return float((max(texels, 1.0) / max(float(flat_areas(uv).sum()), 1e-12)) ** 0.5)
