"""Where each layer of clothing covers the template, decided per point of its chart.

The rules are evaluated per pixel, so that hems and hairlines are crisp however coarse
the mesh is, and per vertex, to know which triangles a layer needs.
"""

import math
from enum import IntEnum

import numba
import numpy as np

from album2avatar.synthetic.template import (
    CHART_ARM,
    CHART_IS_EYE,
    CHART_LEG,
    CHART_ON_ARM,
    CHART_ON_FOOT,
    CHART_ON_HAND,
    CHART_ON_HEAD,
    CHART_X,
    CHART_Y,
    CHART_Z,
    Floats,
    Template,
)


class Layer(IntEnum):
    """A sheet of triangles and the rule that cuts it out."""

    BODY = 0
    TOP = 1
    OUTERWEAR = 2
    BOTTOM = 3
    SHOES = 4
    HAIR = 5
    BEARD = 6
    SHELL = 7
    """Geometry of its own; nothing to cut."""


class Cut(IntEnum):
    """Index of each number that the rules read. Metres on the neutral body."""

    TOP_SLEEVE = 0
    """Along the arm, 0 shoulder to 1 wrist; below 0 there is none."""
    TOP_HEM = 1
    TOP_NECK = 2
    OUTER_SLEEVE = 3
    OUTER_HEM = 4
    OUTER_NECK = 5
    OUTER_OPEN = 6
    """Half the width of an open front at the neck; 0 is closed."""
    WAIST = 7
    LEG_END = 8
    SHOE_TOP = 9
    NECK_Y = 10
    NECK_Z = 11
    EYE_X = 12
    EYE_Y = 13
    EYE_Z = 14
    CHIN_Z = 15
    HIP_Z = 16
    WAIST_Z = 17


def landmark_cuts(template: Template) -> Floats:
    """The table of numbers with the template's landmarks filled in."""
    cuts = np.zeros(len(Cut), np.float32)
    neck, eye = template.landmarks["neck01"], template.landmarks["eye.L"]
    cuts[Cut.NECK_Y], cuts[Cut.NECK_Z] = neck[1], neck[2]
    cuts[Cut.EYE_X], cuts[Cut.EYE_Y], cuts[Cut.EYE_Z] = eye
    cuts[Cut.CHIN_Z] = eye[2] - 0.115
    cuts[Cut.HIP_Z] = template.landmarks["upperleg01.L"][2]
    cuts[Cut.WAIST_Z] = template.landmarks["spine03"][2] - 0.06
    return cuts


@numba.njit(cache=True, fastmath=True, inline="always")
def is_covered(layer: int, point: Floats, cuts: Floats) -> bool:
    """Whether a layer has cloth (or hair) at a point of the chart."""
    if layer == 1:
        return _upper_cloth(point, cuts, cuts[0], cuts[1], cuts[2])
    if layer == 2:
        if not _upper_cloth(point, cuts, cuts[3], cuts[4], cuts[5]):
            return False
        if cuts[6] > 0 and point[CHART_Y] < cuts[10] and point[CHART_ON_ARM] < 0.5:
            rise = (point[CHART_Z] - cuts[4]) / (cuts[11] - cuts[4])
            return abs(point[CHART_X]) > cuts[6] * (0.25 + 0.75 * rise)
        return True
    if layer == 3:
        in_leg = point[CHART_LEG] < cuts[8] and point[CHART_ON_FOOT] < 0.6
        return point[CHART_ON_ARM] < 0.5 and point[CHART_Z] <= cuts[7] and in_leg
    if layer == 4:
        on_leg = point[CHART_LEG] > cuts[9] and point[CHART_ON_ARM] < 0.5
        return on_leg and point[CHART_Z] < cuts[16]
    if layer == 5:
        return is_scalp(point, cuts)
    if layer == 6:
        return is_beard(point, cuts)
    return True


@numba.njit(cache=True, fastmath=True, inline="always")
def _upper_cloth(point: Floats, cuts: Floats, sleeve: float, hem: float, neck: float) -> bool:
    if point[CHART_ON_HEAD] > 0.5 or point[CHART_ON_HAND] > 0.7:
        return False
    if point[CHART_ON_ARM] > 0.5:
        return point[CHART_ARM] < sleeve
    x, y, z = point[CHART_X], point[CHART_Y] - cuts[10], point[CHART_Z] - cuts[11] - 0.03
    if sleeve <= 0 and point[CHART_ARM] > -0.03 and z > -0.32 and abs(x) > 0.13:
        return False
    if x * x + 0.7 * y * y + z * z < neck * neck:
        return False
    return point[CHART_Z] > hem and point[CHART_Z] < cuts[11] + 0.05


@numba.njit(cache=True, fastmath=True, inline="always")
def is_ear(point: Floats, cuts: Floats) -> bool:
    """Whether a point is on an ear, which stands out from the side of the head."""
    back, up = point[CHART_Y] - cuts[13], point[CHART_Z] - cuts[14]
    return abs(point[CHART_X]) > 0.073 and 0.06 < back < 0.13 and -0.055 < up < 0.035


@numba.njit(cache=True, fastmath=True, inline="always")
def is_scalp(point: Floats, cuts: Floats) -> bool:
    """Whether hair grows here: above a line that falls from forehead to nape."""
    if point[CHART_ON_HEAD] < 0.5 or point[CHART_IS_EYE] > 0.5 or is_ear(point, cuts):
        return False
    back, up = point[CHART_Y] - cuts[13], point[CHART_Z] - cuts[14]
    # Strands end unevenly.
    up += 0.0015 * math.sin(point[CHART_X] * 310.0) + 0.0008 * math.sin(point[CHART_X] * 730.0)
    if back < 0.035:
        return up > 0.062
    if back < 0.075:
        return up > 0.062 - (back - 0.035) * 1.9
    if back < 0.115:
        return up > -0.014
    return up > -0.014 - (back - 0.115) * 1.6


@numba.njit(cache=True, fastmath=True, inline="always")
def is_beard(point: Floats, cuts: Floats) -> bool:
    """Whether a beard grows here: jaw, chin and upper lip, not the lips."""
    if point[CHART_ON_HEAD] < 0.5 or point[CHART_IS_EYE] > 0.5:
        return False
    back, up = point[CHART_Y] - cuts[13], point[CHART_Z] - cuts[14]
    across = abs(point[CHART_X])
    if back > 0.075 or up > -0.045 or is_ear(point, cuts):
        return False
    is_lip = across < 0.026 and abs(up + 0.072) < 0.009
    return not is_lip and up < -0.05 - max(0.0, 0.03 - across) * 0.1


@numba.njit(cache=True, fastmath=True)
def covered_vertices(layer: int, chart: Floats, cuts: Floats) -> np.ndarray:
    """Vertices of the template that a layer covers, (V,) bool."""
    covered = np.zeros(chart.shape[0], np.bool_)
    point = np.empty(chart.shape[1], np.float32)
    for i in range(chart.shape[0]):
        for k in range(chart.shape[1]):
            point[k] = chart[i, k]
        covered[i] = is_covered(layer, point, cuts)
    return covered
