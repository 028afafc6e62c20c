"""Colour, normal and label of each pixel."""

import math

import numba
import numpy as np

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.synthetic.regions import is_ear
from album2avatar.synthetic.template import (
    CHART_ALONG,
    CHART_ARM,
    CHART_AROUND_COS,
    CHART_AROUND_SIN,
    CHART_COLUMNS,
    CHART_IS_EYE,
    CHART_ON_ARM,
    CHART_ON_HEAD,
    CHART_RADIUS,
    CHART_X,
    CHART_Y,
    CHART_Z,
    Floats,
    Integers,
)

_FACE = PIXEL_CLASSES.index("face")


@numba.njit(cache=True, fastmath=True)
def shade(
    face_of: Integers,
    place: Floats,
    faces: Integers,
    face_materials: np.ndarray,
    chart: Floats,
    normals: Floats,
    material_classes: np.ndarray,
    colors: Floats,
    second_colors: Floats,
    patterns: np.ndarray,
    pattern_sizes: Floats,
    details: np.ndarray,
    eye_color: Floats,
    gaze: Floats,
    cuts: Floats,
    light: Floats,
    ambient: float,
    image: Floats,
    normal_map: Floats,
    labels: np.ndarray,
) -> None:
    """Fill `image`, `normal_map` and `labels` where a triangle is seen.

    Args:
        face_of, place: from `rasterize`.
        normals: (N, 3) in the view frame, any length.
        light: (3,) unit vector towards the light, view frame.
        ambient: share of the light that comes from everywhere, 0..1.
        image: (H, W, 3) sRGB 0..255, filled with the background.
        normal_map: (H, W, 3) filled with 0.5.
        labels: (H, W) uint8 filled with 0.
    """
    height, width = face_of.shape
    point = np.empty(CHART_COLUMNS, np.float32)
    color = np.empty(3, np.float32)
    for row in range(height):
        for column in range(width):
            f = face_of[row, column]
            if f < 0:
                continue
            b1, b2 = place[row, column, 0], place[row, column, 1]
            b0 = 1.0 - b1 - b2
            i0, i1, i2 = faces[f, 0], faces[f, 1], faces[f, 2]
            for k in range(CHART_COLUMNS):
                point[k] = b0 * chart[i0, k] + b1 * chart[i1, k] + b2 * chart[i2, k]
            nx = b0 * normals[i0, 0] + b1 * normals[i1, 0] + b2 * normals[i2, 0]
            ny = b0 * normals[i0, 1] + b1 * normals[i1, 1] + b2 * normals[i2, 1]
            nz = b0 * normals[i0, 2] + b1 * normals[i1, 2] + b2 * normals[i2, 2]
            length = math.sqrt(nx * nx + ny * ny + nz * nz) + 1e-9
            material = int(face_materials[f])
            inside = 1.0
            if nz < 0.0:
                # The far side of a sheet; a smooth normal near the outline turns too little
                # to matter.
                length = -length
                inside = 0.8 if nz / length > 0.25 else 1.0
            nx, ny, nz = nx / length, ny / length, nz / length
            label = int(material_classes[material])
            if material == 0:
                label = _paint_skin(point, cuts, colors, eye_color, gaze, color, label)
            else:
                _paint_cloth(
                    point, material, colors, second_colors, patterns, pattern_sizes, details,
                    cuts, color,
                )  # fmt: skip
            facing = max(0.0, nx * light[0] + ny * light[1] + nz * light[2])
            # Skylight: what faces up is a little brighter than what faces down.
            strength = (ambient * (0.94 + 0.06 * ny) + (1.06 - ambient) * facing) * inside
            for k in range(3):
                image[row, column, k] = min(255.0, color[k] * strength)
            normal_map[row, column, 0] = 0.5 * nx + 0.5
            normal_map[row, column, 1] = 0.5 * ny + 0.5
            normal_map[row, column, 2] = 0.5 * nz + 0.5
            labels[row, column] = label


@numba.njit(cache=True, fastmath=True, inline="always")
def _set_color(color: Floats, red: float, green: float, blue: float) -> None:
    color[0], color[1], color[2] = red, green, blue


@numba.njit(cache=True, fastmath=True, inline="always")
def _paint_skin(
    point: Floats, cuts: Floats, colors: Floats, eye_color: Floats, gaze: Floats,
    color: Floats, label: int,
) -> int:  # fmt: skip
    """Skin with eyes, brows and lips; returns the pixel's class."""
    _set_color(color, colors[0, 0], colors[0, 1], colors[0, 2])
    if point[CHART_ON_HEAD] < 0.5:
        return label
    across, back, up = abs(point[CHART_X]), point[CHART_Y] - cuts[13], point[CHART_Z] - cuts[14]
    if point[CHART_IS_EYE] > 0.5:
        side = 1.0 if point[CHART_X] > 0 else -1.0
        dx, dy, dz = point[CHART_X] - side * cuts[12], back, up
        cosine = (dx * gaze[0] + dy * gaze[1] + dz * gaze[2]) / math.sqrt(
            dx * dx + dy * dy + dz * dz + 1e-12
        )
        if cosine > 0.965:
            _set_color(color, 14.0, 14.0, 14.0)
        elif cosine > 0.86:
            _set_color(color, eye_color[0], eye_color[1], eye_color[2])
        else:
            _set_color(color, 236.0, 236.0, 236.0)
        return _FACE
    if back < 0.035:
        arch = 0.021 + 0.1 * (across - 0.015) - 1.9 * (across - 0.015) ** 2
        if 0.013 < across < 0.052 and abs(up - arch) < 0.0042 - 0.05 * max(0.0, across - 0.035):
            for k in range(3):
                color[k] = 0.75 * colors[5, k] + 0.1 * color[k]
        lip = 0.0085 * math.sqrt(max(0.0, 1.0 - (across / 0.026) ** 2))
        if abs(up + 0.072) < lip:
            darker = 0.85 if abs(up + 0.071) < 0.0012 else 1.0
            color[0] = (color[0] * 0.8 + 14.0) * darker
            color[1] = color[1] * 0.55 * darker
            color[2] = color[2] * 0.58 * darker
    is_face = back < 0.085 or is_ear(point, cuts)
    return _FACE if is_face else label


@numba.njit(cache=True, fastmath=True, inline="always")
def _paint_cloth(
    point: Floats, material: int, colors: Floats, second_colors: Floats, patterns: np.ndarray,
    sizes: Floats, details: np.ndarray, cuts: Floats, color: Floats,
) -> None:  # fmt: skip
    """Pattern, drawn details and strands of hair."""
    around = 0.0
    if patterns[material] != 0 or details[material] == 1:
        turn = math.atan2(point[CHART_AROUND_SIN], point[CHART_AROUND_COS])
        around = turn * point[CHART_RADIUS]
    along = point[CHART_ALONG]
    is_second = _is_second_color(patterns[material], around, along, sizes[material])
    for k in range(3):
        color[k] = second_colors[material, k] if is_second else colors[material, k]
    factor = 1.0
    detail = details[material]
    x, y, z = point[CHART_X], point[CHART_Y], point[CHART_Z]
    if material == 5 or material == 6:
        turn = math.atan2(x, -(y - cuts[13] - 0.09))
        factor = 0.92 + 0.1 * math.sin(turn * 37.0 + 2.0 * math.sin(z * 40.0)) * math.sin(
            turn * 11.0
        )
    elif detail == 1:
        at_hem = z < cuts[1] + 0.05 and point[CHART_ON_ARM] < 0.5
        if at_hem or (point[CHART_ON_ARM] > 0.5 and point[CHART_ARM] > 0.9):
            factor = 0.86 + 0.06 * math.sin(around * 700.0)
    elif (detail == 2 or detail == 3) and y < cuts[10] and point[CHART_ON_ARM] < 0.5:
        if detail == 2 and abs(x) < 0.013:
            factor = 0.86
            if abs((along * 11.0) % 1.0 - 0.5) < 0.07 and abs(x) < 0.007:
                factor = 0.35
        elif detail == 3 and cuts[6] * 0.25 < abs(x) < cuts[6] * 0.25 + 0.006:
            factor = 0.7
        elif detail == 3 and z < cuts[4] and abs(x) < 0.006:
            factor = 0.6
    elif detail == 6 and abs(y + 0.02) < 0.004:
        factor = 0.75
    if material == 4 and z < cuts[14] - 1.69:
        sole = 230.0 if detail == 4 else 38.0
        _set_color(color, sole, sole, sole)
    for k in range(3):
        color[k] = min(255.0, color[k] * factor)


@numba.njit(cache=True, fastmath=True, inline="always")
def _is_second_color(pattern: int, around: float, along: float, size: float) -> bool:
    """Which of a pattern's two colours is at a place on the cloth (metres)."""
    if pattern == 1:
        return (along / size) % 1.0 < 0.5
    if pattern == 2:
        return (around / size) % 1.0 < 0.3
    if pattern == 3:
        return ((around / size) % 1.0 < 0.5) != ((along / size) % 1.0 < 0.5)
    if pattern == 4:
        x, y = (around / size) % 1.0 - 0.5, (along / size) % 1.0 - 0.5
        return x * x + y * y < 0.085
    return False
