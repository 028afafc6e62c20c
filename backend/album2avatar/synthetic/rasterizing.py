"""Which triangle each pixel sees: a z-buffer over layers that are cut out per pixel."""

import math

import numba
import numpy as np

from album2avatar.synthetic.regions import is_covered
from album2avatar.synthetic.template import CHART_COLUMNS, Floats, Integers


@numba.njit(cache=True, fastmath=True)
def rasterize(
    screen: Floats,
    faces: Integers,
    face_layers: np.ndarray,
    chart: Floats,
    cuts: Floats,
    height: int,
    width: int,
) -> tuple[Floats, Integers, Floats]:
    """Draw triangles into a depth buffer.

    Args:
        screen: (N, 3) pixels right and down, and depth in metres along the view.
        faces: (F, 3).
        face_layers: (F,) `Layer`; bare body is culled from behind, cloth is seen from both
            sides.
        chart: (N, CHART_COLUMNS).
        cuts: see `regions.Cut`.

    Returns:
        depth (H, W), inf where empty; face (H, W), -1 where empty; barycentric
        coordinates (H, W, 2) of the triangle's second and third corner, bent for
        perspective.
    """
    depth = np.full((height, width), np.inf, np.float32)
    face_of = np.full((height, width), -1, np.int32)
    place = np.zeros((height, width, 2), np.float32)
    point = np.empty(CHART_COLUMNS, np.float32)
    for f in range(faces.shape[0]):
        i0, i1, i2 = faces[f, 0], faces[f, 1], faces[f, 2]
        x0, y0, z0 = screen[i0, 0], screen[i0, 1], screen[i0, 2]
        x1, y1, z1 = screen[i1, 0], screen[i1, 1], screen[i1, 2]
        x2, y2, z2 = screen[i2, 0], screen[i2, 1], screen[i2, 2]
        if min(z0, z1, z2) < 0.05:
            continue
        area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
        layer = face_layers[f]
        if area == 0.0 or (layer == 0 and area > 0.0):
            continue
        left = max(0, math.ceil(min(x0, x1, x2) - 0.5))
        right = min(width - 1, math.floor(max(x0, x1, x2) - 0.5))
        top = max(0, math.ceil(min(y0, y1, y2) - 0.5))
        bottom = min(height - 1, math.floor(max(y0, y1, y2) - 0.5))
        for row in range(top, bottom + 1):
            py = row + 0.5
            for column in range(left, right + 1):
                px = column + 0.5
                b1 = ((px - x0) * (y2 - y0) - (x2 - x0) * (py - y0)) / area
                b2 = ((x1 - x0) * (py - y0) - (px - x0) * (y1 - y0)) / area
                b0 = 1.0 - b1 - b2
                if b0 < 0.0 or b1 < 0.0 or b2 < 0.0:
                    continue
                z = 1.0 / (b0 / z0 + b1 / z1 + b2 / z2)
                if z >= depth[row, column]:
                    continue
                b1, b2 = b1 * z / z1, b2 * z / z2
                if 0 < layer < 7:
                    b0 = 1.0 - b1 - b2
                    for k in range(10):
                        point[k] = b0 * chart[i0, k] + b1 * chart[i1, k] + b2 * chart[i2, k]
                    if not is_covered(layer, point, cuts):
                        continue
                depth[row, column] = z
                face_of[row, column] = f
                place[row, column, 0] = b1
                place[row, column, 1] = b2
    return depth, face_of, place
