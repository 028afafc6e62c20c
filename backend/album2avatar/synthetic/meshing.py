"""Numbers on triangle meshes that dressing needs in a hurry."""

import math

import numba
import numpy as np

from album2avatar.synthetic.template import Floats, Integers


@numba.njit(cache=True, fastmath=True)
def vertex_normals(vertices: Floats, faces: Integers) -> Floats:
    """Unit vertex normals (V, 3), weighted by the areas of their faces."""
    normals = np.zeros(vertices.shape, np.float32)
    for f in range(faces.shape[0]):
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ux = vertices[b, 0] - vertices[a, 0]
        uy = vertices[b, 1] - vertices[a, 1]
        uz = vertices[b, 2] - vertices[a, 2]
        wx = vertices[c, 0] - vertices[a, 0]
        wy = vertices[c, 1] - vertices[a, 1]
        wz = vertices[c, 2] - vertices[a, 2]
        nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
        for i in (a, b, c):
            normals[i, 0] += nx
            normals[i, 1] += ny
            normals[i, 2] += nz
    for i in range(vertices.shape[0]):
        length = math.sqrt(normals[i, 0] ** 2 + normals[i, 1] ** 2 + normals[i, 2] ** 2) + 1e-12
        for k in range(3):
            normals[i, k] /= length
    return normals


@numba.njit(cache=True)
def faces_touching(chosen: np.ndarray, faces: Integers) -> np.ndarray:
    """Faces with a corner among the chosen vertices, (F,) bool.

    Args:
        chosen: (V,) bool.
    """
    touching = np.empty(faces.shape[0], np.bool_)
    for f in range(faces.shape[0]):
        touching[f] = chosen[faces[f, 0]] or chosen[faces[f, 1]] or chosen[faces[f, 2]]
    return touching


@numba.njit(cache=True, fastmath=True)
def smooth_vertices(
    vertices: Floats, neighbor_starts: Integers, neighbors: Integers, iterations: int
) -> Floats:
    """Move each vertex to the mean of its neighbours, `iterations` times."""
    current = vertices.copy()
    for _ in range(iterations):
        following = np.empty_like(current)
        for i in range(current.shape[0]):
            start, end = neighbor_starts[i], neighbor_starts[i + 1]
            x, y, z = np.float32(0), np.float32(0), np.float32(0)
            for k in range(start, end):
                j = neighbors[k]
                x += current[j, 0]
                y += current[j, 1]
                z += current[j, 2]
            count = np.float32(max(end - start, 1))
            following[i, 0] = x / count
            following[i, 1] = y / count
            following[i, 2] = z / count
        current = following
    return current


@numba.njit(cache=True, fastmath=True)
def polar_reach(
    points: Floats, center_x: float, center_y: float, bottom: float, height: float,
    angle_bins: int, height_bins: int,
) -> Floats:  # fmt: skip
    """How far points reach from a vertical axis, by direction and height.

    Args:
        points: (N, 3).
        center_x, center_y: the axis.
        bottom, height: metres that the bins span; points outside are left out.

    Returns:
        (height_bins, angle_bins) metres, 0 where there is no point. Angle 0 is -Y, a
        quarter turn is +X.
    """
    reach = np.zeros((height_bins, angle_bins), np.float32)
    for i in range(points.shape[0]):
        row = int((points[i, 2] - bottom) / height * height_bins)
        if row < 0 or row >= height_bins:
            continue
        x, y = points[i, 0] - center_x, points[i, 1] - center_y
        angle = math.atan2(x, -y) % (2.0 * math.pi)
        column = int(angle / (2.0 * math.pi) * angle_bins) % angle_bins
        reach[row, column] = max(reach[row, column], math.sqrt(x * x + y * y))
    return reach
