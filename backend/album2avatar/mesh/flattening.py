"""Disks laid flat without a fold, as little stretched as can be."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import bmat, csc_matrix, diags

from album2avatar.mesh.dirichlet import LEAST_HEIGHT, LEAST_SIDE, SurfaceTriangles, relaxed
from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.plane_shapes import is_simple, signed_areas
from album2avatar.mesh.sparse_solving import solved_symmetric

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Flattened:
    """A disk in the plane."""

    places: Floats
    """(P, 2), unit and area about those of the surface."""
    stretch: Floats
    """(F, 2) largest and smallest length in the plane of a unit on the surface."""
    is_sound: bool
    """Nothing is folded over and the rim doesn't cross itself."""


def flatten(
    points: Floats, faces: Ints, rim: Ints, poll: Callable[[], None] = lambda: None
) -> Flattened:
    """Lay a disk flat.

    Starts conformally, or with its rim on a circle where that folds, and lowers the symmetric
    Dirichlet energy from there without ever turning a triangle over.

    Args:
        points: (P, 3).
        faces: (F, 3), a disk.
        rim: (B, 2) directed edges of its rim.
        poll: called at every step; raises to stop.

    Sources: Lévy et al. 2002, "Least squares conformal maps"; Tutte 1963, "How to draw a graph".
    """
    triangles = SurfaceTriangles.of(points, faces)
    loop = _loop(rim)
    if loop is None:
        return Flattened(points[:, :2], np.ones((len(faces), 2)), False)
    for start in (_conformal, _on_circle):
        places = start(triangles, points, faces, loop)
        if places is None or not signed_areas(places, faces).min() > 0:
            continue
        places = places * np.sqrt(triangles.areas.sum() / signed_areas(places, faces).sum())
        # A start whose rim crosses itself may get rid of that, one that doesn't must not begin.
        is_free = start is _conformal
        places = relaxed(places, triangles, faces, loop[:0] if is_free else loop, poll)
        if is_simple(places, faces, loop):
            lengths = np.linalg.svd(triangles.jacobians(places), compute_uv=False)
            return Flattened(places, np.asarray(lengths, np.float64), True)
    return Flattened(points[:, :2], np.ones((len(faces), 2)), False)


def flat_triangle(points: Floats) -> Floats:
    """Corners (3, 2) in the plane of one triangle (3, 3), whatever its form."""
    a, b, c = points
    length = max(float(np.linalg.norm(b - a)), LEAST_SIDE)
    x = float((c - a) @ (b - a)) / length
    y = float(np.linalg.norm(np.cross(b - a, c - a))) / length
    longest = max(length, float(np.linalg.norm(c - a)))
    return np.array([[0.0, 0.0], [length, 0.0], [x, max(y, LEAST_HEIGHT * longest)]])


def _conformal(
    triangles: SurfaceTriangles, points: Floats, faces: Ints, loop: Ints
) -> Floats | None:
    """Least squares conformal map with two places of the rim held, or None."""
    first = int(loop[0])
    second = int(loop[np.argmax(np.linalg.norm(points[loop] - points[first], axis=1))])
    root = diags(np.sqrt(triangles.areas))
    gx, gy = root @ triangles.gradient_x, root @ triangles.gradient_y
    system = bmat([[gx, -gy], [gy, gx]]).tocsc()
    count = len(points)
    held = np.array([first, second, count + first, count + second])
    distance = float(np.linalg.norm(points[first] - points[second]))
    values = np.array([0.0, distance, 0.0, 0.0])
    free = np.setdiff1d(np.arange(2 * count), held)
    inner = system[:, free]
    solved = solved_symmetric((inner.T @ inner).tocsc(), -(inner.T @ (system[:, held] @ values)))
    if solved is None:
        return None
    result = np.zeros(2 * count)
    result[held], result[free] = values, solved
    return result.reshape(2, -1).T


def _on_circle(
    triangles: SurfaceTriangles, points: Floats, faces: Ints, loop: Ints
) -> Floats | None:
    """Each place in the middle of its neighbours, the rim on a circle; None if that fails."""
    lengths = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
    lengths = np.maximum(lengths, max(1e-3 * lengths.mean(), LEAST_SIDE))
    angle = 2 * np.pi * (np.cumsum(lengths) - lengths) / lengths.sum()
    count = triangles.gradient_x.shape[1]
    places = np.zeros((count, 2))
    places[loop] = np.stack([np.cos(angle), np.sin(angle)], 1)
    inner = np.setdiff1d(np.arange(count), loop)
    if len(inner) == 0:
        return places
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    laplacian = csc_matrix(graph_laplacian(np.unique(np.sort(pairs, 1), axis=0), count))
    own = laplacian[inner][:, inner].tocsc()
    solved = solved_symmetric(own, -(laplacian[inner][:, loop] @ places[loop]))
    if solved is None:
        return None
    places[inner] = solved
    return places


def _loop(rim: Ints) -> Ints | None:
    """Places around a rim (B, 2) in its direction; None if it isn't one loop."""
    following = dict(rim.tolist())
    if len(rim) < 3 or len(following) < len(rim):
        return None
    found = [int(rim[:, 0].min())]
    while (place := following.get(found[-1], -1)) != found[0]:
        if place < 0 or len(found) > len(rim):
            return None
        found.append(place)
    return np.array(found, np.int64) if len(found) == len(rim) else None
