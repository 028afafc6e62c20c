"""Charts packed into a square texture, as large as they fit."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import fft, ndimage
from scipy.spatial import ConvexHull, QhullError
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.charts import Chart, find_charts, flat_areas
from album2avatar.mesh.types import UvMap
from album2avatar.render.visibility_torch import face_ids

CELLS = 256
"""Side of the grid on which charts are moved about; finer ones fill little more."""
TRIALS = 7
"""Halvings of the interval in which the largest scale lies."""
SMALLER_TRIALS = 4
"""Scales, each with half the area, that are tried where none in the interval fits."""
LEAST_FILL, MOST_FILL = 0.2, 0.9
"""Shares of the square between which the charts' area is looked for."""

Bits = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class _Outline:
    """One chart with the smallest upright box around it."""

    chart: Chart
    points: Floats
    """(T, 2) of its corners, least coordinates 0."""
    area: float


@dataclass(frozen=True)
class _Stamp:
    """Cells that a chart with its margin needs, turned by quarters."""

    quarters: int
    cells: Bits


def pack_into_square(
    uv: UvMap, size: int, padding: int, poll: Callable[[], None] = lambda: None
) -> UvMap:
    """Turn, move and scale charts, all by the same factor, until they fill a square.

    Charts are laid one after the other, the largest first, in that of four directions and at that
    place where the pile stays lowest; the scale is the largest at which all find a place.

    Args:
        uv: charts without folds, in any place and unit, on the CPU; they aren't mirrored.
        size: texels of the texture's side.
        padding: empty texels between charts.
        poll: called for every chart that is laid; raises to stop.

    Returns:
        The same faces with coordinates in 0..1.

    Raises:
        MeshError: the charts have no area, or so many of them that none has room.
    """
    outlines = _outlines(uv)
    area = sum(outline.area for outline in outlines)
    if not area > 0:
        raise MeshError("The UV map has no area. Run the sculpt stage again with another seed.")
    # Scales are told by the share of the square that the charts' area would be.
    low, high = LEAST_FILL, MOST_FILL
    best: Tensor | None = None

    def placed_at(fill: float) -> Tensor | None:
        scale = size * (fill / area) ** 0.5
        return _placed(outlines, scale, size, padding, len(uv.coordinates), poll)

    for _ in range(TRIALS):
        fill = (low + high) / 2
        placed = placed_at(fill)
        if placed is None:
            high = fill
        else:
            best, low = placed, fill
    # Many small charts need more room for what is between them.
    for halvings in range(SMALLER_TRIALS):
        if best is None:
            best = placed_at(LEAST_FILL / 2**halvings)
    if best is None:
        raise MeshError(
            f"The UV map's {len(outlines)} charts have no room in a texture of {size} texels. "
            "Choose a larger paint.texture_size."
        )
    return UvMap((best / size).float(), uv.faces)


def _outlines(uv: UvMap) -> list[_Outline]:
    found: list[_Outline] = []
    for chart in find_charts(uv):
        points = uv.coordinates[chart.corners].double().numpy()
        points = points @ _upright(points).T
        flat = UvMap(torch.from_numpy(points), chart.faces)
        area = float(flat_areas(flat).numpy().sum())
        found.append(_Outline(chart, points - points.min(0), area))
    return sorted(found, key=lambda outline: -outline.area)


def _upright(points: Floats) -> Floats:
    """The turn (2, 2) after which the smallest box around points stands upright, longer than wide.

    Source: Freeman and Shapira 1975, one side of it lies on the convex hull.
    """
    try:
        hull = points[ConvexHull(points).vertices]
    except (QhullError, ValueError):
        return np.eye(2)
    along = np.roll(hull, -1, 0) - hull
    angle = np.arctan2(along[:, 1], along[:, 0])
    c, s = np.cos(angle), np.sin(angle)
    turns = np.stack([np.stack([c, s], 1), np.stack([-s, c], 1)], 1)
    extent = np.ptp(turns @ hull.T, axis=2)
    best = int(np.argmin(extent.prod(1)))
    turn = turns[best]
    if extent[best, 0] > extent[best, 1]:
        turn = np.array([[0.0, -1.0], [1.0, 0.0]]) @ turn
    return np.asarray(turn)


def _placed(
    outlines: list[_Outline],
    scale: float,
    size: int,
    padding: int,
    count: int,
    poll: Callable[[], None],
) -> Tensor | None:
    """Coordinates (T, 2) in texels, or None where a chart finds no place."""
    blocked = np.zeros((CELLS, CELLS), np.bool_)
    cell = size / CELLS
    result = torch.zeros(count, 2, dtype=torch.float64)
    margin = int(np.ceil(padding / 2))
    for outline in outlines:
        poll()
        points = outline.points * scale + margin + 0.5
        if max(points.max(0)) + margin > size:
            return None
        upright = _cells(points, outline.chart.faces, margin, cell)
        spectrum = _spectrum(blocked)
        best: tuple[float, int, int, _Stamp] | None = None
        for quarters in range(4):
            stamp = _Stamp(quarters, np.rot90(upright, quarters))
            place = _lowest(spectrum, stamp.cells)
            if place is not None and (best is None or place < best[:3]):
                best = (*place, stamp)
        if best is None:
            return None
        _, row, column, stamp = best
        height, width = stamp.cells.shape
        blocked[row : row + height, column : column + width] |= stamp.cells
        turned = _turned(points, stamp.quarters, np.array(upright.shape[::-1]) * cell)
        result[outline.chart.corners] = torch.from_numpy(turned + np.array([column, row]) * cell)
    return result


def _cells(points: Floats, faces: Tensor, margin: int, cell: float) -> Bits:
    """Cells (H, W) that a chart and a margin of some texels around it touch."""
    width, height = (int(np.ceil((extent + margin + 0.5) / cell)) for extent in points.max(0))
    fine = max(1, int(np.ceil(cell)))
    shape = (height * fine, width * fine)
    on_grid = torch.from_numpy(points * (fine / cell) - 0.5)
    screen = torch.cat([on_grid, torch.zeros(len(points), 1), torch.ones(len(points), 1)], 1)
    covered = (face_ids(screen[None], faces, shape)[0] >= 0).numpy()
    # Chart between the grid's points count, too.
    column, row = (points * (fine / cell)).astype(np.int64).T
    covered[row.clip(0, shape[0] - 1), column.clip(0, shape[1] - 1)] = True
    reach = int(np.ceil(margin * fine / cell))
    grown = ndimage.binary_dilation(covered, np.ones((3, 3), np.bool_), reach)
    return np.asarray(grown.reshape(height, fine, width, fine).any((1, 3)))


def _lowest(spectrum: npt.NDArray[np.complex64], stamp: Bits) -> tuple[float, int, int] | None:
    """Top of the pile, row and column where a stamp meets nothing and the pile stays lowest."""
    height, width = stamp.shape
    if height > CELLS or width > CELLS:
        return None
    product = spectrum * _spectrum(stamp[::-1, ::-1])
    overlap = np.asarray(fft.irfft2(product, (2 * CELLS, 2 * CELLS)))
    inside = overlap[height - 1 : CELLS, width - 1 : CELLS]
    free = inside < 0.5
    rows, columns = free.nonzero()
    if len(rows) == 0:
        return None
    return float(rows[0] + height), int(rows[0]), int(columns[0])


def _spectrum(cells: Bits) -> npt.NDArray[np.complex64]:
    """Fourier transform with room for the stamp to pass the border."""
    return np.asarray(fft.rfft2(cells.astype(np.float32), (2 * CELLS, 2 * CELLS)))


def _turned(points: Floats, quarters: int, box: Floats) -> Floats:
    """Points in a box (width, height) after `np.rot90` of its cells, of which row 0 is at y = 0."""
    width, height = box
    x, y = points.T
    turned = {
        0: (x, y),
        1: (y, width - x),
        2: (width - x, height - y),
        3: (height - y, x),
    }[quarters]
    return np.stack(turned, 1)
