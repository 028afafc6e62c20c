"""Points on the part of a surface that can be seen from outside."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numba
import numpy as np

from album2avatar.synthetic.cameras import Camera, project
from album2avatar.synthetic.rasterizing import rasterize
from album2avatar.synthetic.regions import Cut, Layer, is_covered
from album2avatar.synthetic.template import CHART_COLUMNS, Floats, Integers

_PIXELS = 640
_TOLERANCE = 0.004
"""Metres that a point may lie behind the depth seen; about a pixel on a slope."""
_AZIMUTHS = tuple(range(0, 360, 40))
_ELEVATIONS = (-60.0, -20.0, 20.0, 60.0)


@dataclass(frozen=True)
class DrawnSurface:
    """Triangles with the rules that cut them; see `rasterizing.rasterize`."""

    vertices: Floats
    faces: Integers
    layers: np.ndarray
    chart: Floats
    cuts: Floats


def plain_surface(vertices: Floats, faces: Integers) -> DrawnSurface:
    """A mesh whose triangles are all there, seen from both sides."""
    return DrawnSurface(
        vertices=np.ascontiguousarray(vertices, np.float32),
        faces=np.ascontiguousarray(faces, np.int32),
        layers=np.full(len(faces), Layer.SHELL, np.int8),
        chart=np.zeros((len(vertices), CHART_COLUMNS), np.float32),
        cuts=np.zeros(len(Cut), np.float32),
    )


def outer_points(surface: DrawnSurface, count: int, generator: np.random.Generator) -> Floats:
    """Draw `count` points, evenly by area, from what some camera around can see.

    Returns:
        (count, 3) metres.
    """
    views = [(camera, depth) for camera, depth, _ in _views(surface)]
    corners = surface.vertices[surface.faces]
    areas = np.linalg.norm(
        np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1
    )
    chances = np.cumsum(areas / areas.sum())
    found: list[Floats] = []
    while sum(len(points) for points in found) < count:
        drawn = np.searchsorted(chances, generator.random(2 * count)).clip(max=len(areas) - 1)
        root, share = np.sqrt(generator.random(2 * count)), generator.random(2 * count)
        place = np.stack([1 - root, root * (1 - share), root * share], 1).astype(np.float32)
        there = _is_there(surface.layers, surface.faces, surface.chart, surface.cuts, drawn, place)
        points = np.einsum("nk,nkc->nc", place[there], corners[drawn[there]])
        found.append(points[_is_seen(points, views)])
    return np.concatenate(found)[:count]


def outer_faces(surface: DrawnSurface) -> np.ndarray:
    """(F,) bool, triangles of which some camera around sees a part."""
    seen = np.zeros(len(surface.faces), bool)
    for _, _, face_of in _views(surface):
        seen[face_of[face_of >= 0]] = True
    return seen


def _views(surface: DrawnSurface) -> Iterator[tuple[Camera, Floats, Integers]]:
    """Cameras around, each with the depth and the triangle of every pixel."""
    low, high = surface.vertices.min(0), surface.vertices.max(0)
    x, y, z = (float(value) for value in (low + high) / 2)
    size = float(np.linalg.norm(high - low))
    for azimuth in _AZIMUTHS:
        for elevation in _ELEVATIONS:
            camera = Camera(azimuth, elevation, (x, y, z), size, math.radians(20.0))
            screen = project(camera, surface.vertices, _PIXELS)
            depth, face_of, _ = rasterize(
                screen, surface.faces, surface.layers, surface.chart, surface.cuts, _PIXELS, _PIXELS
            )
            yield camera, depth, face_of


def _is_seen(points: Floats, views: list[tuple[Camera, Floats]]) -> np.ndarray:
    seen = np.zeros(len(points), bool)
    for camera, depth in views:
        screen = project(camera, points, _PIXELS)
        column, row = screen[:, :2].astype(int).clip(0, _PIXELS - 1).T
        seen |= screen[:, 2] < depth[row, column] + _TOLERANCE
    return seen


@numba.njit(cache=True)
def _is_there(
    layers: np.ndarray, faces: Integers, chart: Floats, cuts: Floats, drawn: Integers, place: Floats
) -> np.ndarray:
    there = np.zeros(len(drawn), np.bool_)
    for i in range(len(drawn)):
        f = drawn[i]
        layer = int(layers[f])
        point = np.zeros(chart.shape[1], np.float32)
        for k in range(3):
            point += place[i, k] * chart[faces[f, k]]
        there[i] = layer == 0 or layer == 7 or is_covered(layer, point, cuts)
    return there
