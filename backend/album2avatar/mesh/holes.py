"""Holes closed with as little surface as possible."""

from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from album2avatar.errors import MeshError


def filled_rim(loop: Tensor, vertices: Tensor, faces: Tensor) -> Tensor:
    """Triangles (L - 2, 3) over a rim, of the smallest area, without new vertices.

    A slit is closed from lip to lip, where a fan would cross it.

    Args:
        loop: (L,) vertices in the direction of the faces beside them (from `border_loops`).
        vertices: (V, 3).
        faces: (F, 3) of the mesh; no second edge is laid between two vertices that have one.

    Raises:
        MeshError: every way to close it would need such an edge.

    Source: Barequet and Sharir 1995, "Filling gaps in the boundary of a polyhedron".
    """
    points = vertices[loop].double().cpu().numpy()
    count = len(points)
    cost = _taken(loop, faces)
    apex = np.zeros((count, count), dtype=np.int64)
    for span in range(2, count):
        for first in range(count - span):
            last = first + span
            between = np.arange(first + 1, last)
            total = cost[first, between] + cost[between, last]
            total = total + _areas(points[first], points[between], points[last])
            best = int(total.argmin())
            cost[first, last] += total[best]
            apex[first, last] = between[best]
    if not np.isfinite(cost[0, count - 1]):
        raise MeshError(f"a rim of {count} edges can't be closed")
    triangles: list[list[int]] = []
    open_spans = [(0, count - 1)]
    while open_spans:
        first, last = open_spans.pop()
        if last - first < 2:
            continue
        middle = int(apex[first, last])
        triangles.append([last, middle, first])
        open_spans += [(first, middle), (middle, last)]
    return loop[torch.tensor(triangles, device=loop.device)]


def _taken(loop: Tensor, faces: Tensor) -> NDArray[np.float64]:
    """(L, L) infinite where two of a rim's vertices that don't follow each other have an edge."""
    place = {vertex: number for number, vertex in enumerate(loop.tolist())}
    beside = torch.isin(faces, loop)
    cost = np.zeros((len(loop), len(loop)))
    for row in faces[beside.sum(1) > 1].tolist():
        ends = sorted(place[vertex] for vertex in row if vertex in place)
        for one, other in combinations(ends, 2):
            if 1 < other - one < len(loop) - 1:
                cost[one, other] = np.inf
    return cost


def _areas(
    one: NDArray[np.float64], other: NDArray[np.float64], last: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.linalg.norm(np.cross(other - one, last - one), axis=-1) / 2
