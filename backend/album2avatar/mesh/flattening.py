"""Disks laid flat without a fold, as little stretched as can be."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import bmat, coo_matrix, diags
from scipy.sparse.linalg import splu

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]

ROUNDS = 30
"""Steps at most; most charts need ten."""
ENOUGH = 2e-3
"""Share of the energy above that of an undistorted chart which a step has to win."""
LEAST_SIDE, LEAST_HEIGHT = 1e-6, 0.02
"""Metres of a side, and share of it for the height over it, that each triangle gets at least."""


@dataclass(frozen=True)
class Flattened:
    """A disk in the plane."""

    places: Floats
    """(P, 2), unit and area about those of the surface."""
    stretch: Floats
    """(F, 2) largest and smallest length in the plane of a unit on the surface."""
    is_sound: bool
    """Nothing is folded over and the rim doesn't cross itself."""


def flatten(points: Floats, faces: Ints, rim: Ints) -> Flattened:
    """Lay a disk flat.

    Starts conformally, or with its rim on a circle where that folds, and lowers the symmetric
    Dirichlet energy from there without ever turning a triangle over.

    Args:
        points: (P, 3).
        faces: (F, 3), a disk.
        rim: (B, 2) directed edges of its rim.

    Sources: Lévy et al. 2002, "Least squares conformal maps"; Tutte 1963, "How to draw a graph";
    Rabinovich et al. 2017, "Scalable locally injective mappings".
    """
    triangles = _Triangles.of(points, faces)
    loop = _loop(rim)
    if loop is None:
        return Flattened(points[:, :2], np.ones((len(faces), 2)), False)
    for start in (_conformal, _on_circle):
        places = start(triangles, points, faces, loop)
        if places is None or _areas(places, faces).min() <= 0:
            continue
        places = places * np.sqrt(triangles.areas.sum() / _areas(places, faces).sum())
        # A start whose rim crosses itself may get rid of that, one that doesn't must not begin.
        is_free = start is _conformal
        places = _relaxed(places, triangles, faces, loop[:0] if is_free else loop)
        if _is_simple(places, faces, loop):
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


@dataclass(frozen=True)
class _Triangles:
    gradient_x: Any
    """(F, P) sparse, derivative along each triangle's first axis."""
    gradient_y: Any
    areas: Floats
    """(F,)."""

    @staticmethod
    def of(points: Floats, faces: Ints) -> "_Triangles":
        a, b, c = (points[faces[:, k]] for k in range(3))
        along = b - a
        length = np.maximum(np.linalg.norm(along, axis=1), LEAST_SIDE)
        first = along / length[:, None]
        x2 = ((c - a) * first).sum(1)
        y2 = np.linalg.norm((c - a) - x2[:, None] * first, axis=1)
        longest = np.maximum(length, np.linalg.norm(c - a, axis=1))
        y2 = np.maximum(y2, LEAST_HEIGHT * longest)
        doubled = length * y2
        count = len(faces)
        rows = np.repeat(np.arange(count), 3)
        zero = np.zeros(count)
        gx = np.stack([-y2, y2, zero], 1) / doubled[:, None]
        gy = np.stack([x2 - length, -x2, length], 1) / doubled[:, None]
        shape = (count, len(points))
        return _Triangles(
            coo_matrix((gx.ravel(), (rows, faces.ravel())), shape).tocsr(),
            coo_matrix((gy.ravel(), (rows, faces.ravel())), shape).tocsr(),
            doubled / 2,
        )

    def jacobians(self, places: Floats) -> Floats:
        """(F, 2, 2) from the surface to the plane."""
        return np.stack([self.gradient_x @ places, self.gradient_y @ places], 2)


def _relaxed(places: Floats, triangles: _Triangles, faces: Ints, loop: Ints) -> Floats:
    gx, gy = triangles.gradient_x, triangles.gradient_y
    total, count = triangles.areas.sum(), len(places)
    energy = _energy(triangles.jacobians(places), triangles.areas)
    for _ in range(ROUNDS):
        jacobians = triangles.jacobians(places)
        u, s, vt = np.linalg.svd(jacobians)
        rotation = u @ vt
        turned = np.linalg.det(rotation) < 0
        rotation[turned] = (u * np.array([1.0, -1.0]))[turned] @ vt[turned]
        s = np.maximum(s, 1e-8)
        near = np.abs(s - 1) < 1e-6
        weight = np.sqrt(np.where(near, 4.0, (s - s**-3.0) / np.where(near, 1.0, s - 1)))
        weights = (u * weight[:, None, :]) @ u.transpose(0, 2, 1)
        # Rows of W (J - R), weighted by area; unknowns are u and v, one after the other.
        root = np.sqrt(triangles.areas)
        system = bmat(
            [
                [diags(root * weights[:, i, j]) @ g for j in range(2)]
                for i in range(2)
                for g in (gx, gy)
            ]
        ).tocsc()
        wanted = root[:, None, None] * (weights @ rotation)
        right = np.concatenate([wanted[:, i, j] for i in range(2) for j in range(2)])
        held = 1e-4 * total / count
        current = places.T.ravel()
        normal = (system.T @ system + diags(np.full(2 * count, held))).tocsc()
        solved = _solved(normal, system.T @ right + held * current)
        if solved is None:
            return places
        goal = solved.reshape(2, -1).T
        step = goal - places
        size = min(1.0, 0.8 * _longest_step(places, step, faces))
        while size > 1e-6:
            tried = places + size * step
            lower = _energy(triangles.jacobians(tried), triangles.areas)
            if lower < energy and _is_simple(tried, faces, loop):
                break
            size /= 2
        else:
            return places
        gained, places = energy - lower, tried
        energy = lower
        if gained < ENOUGH * (energy - 4 * total):
            return places
    return places


def _energy(jacobians: Floats, areas: Floats) -> float:
    """Symmetric Dirichlet energy; 4 times the area where nothing is distorted."""
    squared = (jacobians**2).sum((1, 2))
    determinant = np.linalg.det(jacobians)
    if determinant.min() <= 0:
        return float("inf")
    return float((areas * squared * (1 + determinant**-2.0)).sum())


def _longest_step(places: Floats, step: Floats, faces: Ints) -> float:
    """The share of a step (P, 2) at which the first triangle becomes flat."""
    p, q = places[faces], step[faces]
    a, b = p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]
    c, d = q[:, 1] - q[:, 0], q[:, 2] - q[:, 0]
    constant, linear, square = _cross(a, b), _cross(a, d) + _cross(c, b), _cross(c, d)
    root = linear**2 - 4 * square * constant
    real = np.sqrt(np.maximum(root, 0))
    # The smaller positive root, in the form that is exact where the square vanishes.
    with np.errstate(divide="ignore", invalid="ignore"):
        first = 2 * constant / (-linear + real)
        second = 2 * constant / (-linear - real)
    both = np.stack([first, second])
    both = np.where((both > 0) & (root >= 0) & np.isfinite(both), both, np.inf)
    return float(both.min())


def _conformal(triangles: _Triangles, points: Floats, faces: Ints, loop: Ints) -> Floats | None:
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
    solved = _solved((inner.T @ inner).tocsc(), -(inner.T @ (system[:, held] @ values)))
    if solved is None:
        return None
    result = np.zeros(2 * count)
    result[held], result[free] = values, solved
    return result.reshape(2, -1).T


def _on_circle(triangles: _Triangles, points: Floats, faces: Ints, loop: Ints) -> Floats | None:
    """Each place in the middle of its neighbours, the rim on a circle; None if that fails."""
    lengths = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
    lengths = np.maximum(lengths, 1e-3 * lengths.mean())
    angle = 2 * np.pi * (np.cumsum(lengths) - lengths) / lengths.sum()
    count = triangles.gradient_x.shape[1]
    places = np.zeros((count, 2))
    places[loop] = np.stack([np.cos(angle), np.sin(angle)], 1)
    inner = np.setdiff1d(np.arange(count), loop)
    if len(inner) == 0:
        return places
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count)).tocsr()
    graph.data[:] = 1.0
    laplacian = (diags(np.asarray(graph.sum(1)).ravel()) - graph).tocsc()
    own = laplacian[inner][:, inner].tocsc()
    solved = _solved(own, -(laplacian[inner][:, loop] @ places[loop]))
    if solved is None:
        return None
    places[inner] = solved
    return places


def _solved(system: Any, right: Floats) -> Floats | None:
    """Solution of a symmetric sparse system, or None where it has none."""
    try:
        solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    except RuntimeError:  # it is singular
        return None
    result = np.asarray(solver.solve(right))
    return result if np.isfinite(result).all() else None


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


def _is_simple(places: Floats, faces: Ints, loop: Ints) -> bool:
    """No face is turned over or flat, and the rim doesn't cross itself."""
    if not np.isfinite(places).all():
        return False
    return bool(_areas(places, faces).min() > 0) and not _crosses_itself(places[loop])


def _crosses_itself(loop: Floats) -> bool:
    """Whether a closed line (B, 2) crosses itself."""
    start, end = loop, np.roll(loop, -1, 0)
    along = end - start
    count = len(loop)
    if count < 4:
        return False

    def side(points: Floats) -> Floats:
        return _cross(along[:, None], points[None] - start[:, None])

    of_start, of_end = side(start), side(end)
    parted = of_start * of_end < 0
    crossing = parted & parted.T
    gap = np.abs(np.arange(count)[:, None] - np.arange(count)[None])
    crossing &= (gap > 1) & (gap < count - 1)
    return bool(crossing.any())


def _areas(places: Floats, faces: Ints) -> Floats:
    a, b, c = (places[faces[:, k]] for k in range(3))
    return _cross(b - a, c - a) / 2


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0])
