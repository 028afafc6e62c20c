"""Flat disks relaxed until they are stretched as little as can be.

Sources: Rabinovich et al. 2017, "Scalable locally injective mappings"; the energy is the symmetric
Dirichlet energy of Smith and Schaefer 2015, "Bijective parameterization with free boundaries".
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import bmat, coo_matrix, csr_matrix, diags

from album2avatar.mesh.plane_shapes import cross_product, is_simple
from album2avatar.mesh.sparse_solving import solved_symmetric

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ROUNDS = 30
"""Steps at most; most charts need ten."""
ENOUGH = 2e-3
"""Share of the energy above that of an undistorted chart which a step has to win."""
LEAST_SIDE, LEAST_HEIGHT = 1e-6, 0.02
"""Metres of a side, and share of it for the height over it, that each triangle gets at least."""


@dataclass(frozen=True)
class SurfaceTriangles:
    """A surface's triangles, each in a plane of its own, and what a map of them does."""

    gradient_x: Any
    """(F, P) sparse, derivative along each triangle's first axis."""
    gradient_y: Any
    areas: Floats
    """(F,)."""

    @staticmethod
    def of(points: Floats, faces: Ints) -> "SurfaceTriangles":
        """Of points (P, 3) and faces (F, 3); none is flat, see `LEAST_SIDE`."""
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
        return SurfaceTriangles(
            coo_matrix((gx.ravel(), (rows, faces.ravel())), shape).tocsr(),
            coo_matrix((gy.ravel(), (rows, faces.ravel())), shape).tocsr(),
            doubled / 2,
        )

    def jacobians(self, places: Floats) -> Floats:
        """(F, 2, 2) from the surface to the plane."""
        return np.stack([self.gradient_x @ places, self.gradient_y @ places], 2)


def relaxed(
    places: Floats,
    triangles: SurfaceTriangles,
    faces: Ints,
    loop: Ints,
    poll: Callable[[], None],
) -> Floats:
    """Lower the energy of a flat disk without ever turning a triangle over.

    Args:
        places: (P, 2) where no face (F, 3) is turned over.
        loop: (B,) places around the rim, which won't cross itself; none if it may.
        poll: called every step; raises to stop.
    """
    gx, gy = triangles.gradient_x, triangles.gradient_y
    total, count = triangles.areas.sum(), len(places)
    energy = _energy(triangles.jacobians(places), triangles.areas)
    for _ in range(ROUNDS):
        poll()
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
                [_rows_scaled(g, root * weights[:, i, j]) for j in range(2)]
                for i in range(2)
                for g in (gx, gy)
            ]
        ).tocsc()
        wanted = root[:, None, None] * (weights @ rotation)
        right = np.concatenate([wanted[:, i, j] for i in range(2) for j in range(2)])
        held = 1e-4 * total / count
        current = places.T.ravel()
        normal = (system.T @ system + diags(np.full(2 * count, held))).tocsc()
        solved = solved_symmetric(normal, system.T @ right + held * current)
        if solved is None:
            return places
        goal = solved.reshape(2, -1).T
        step = goal - places
        size = min(1.0, 0.8 * _longest_step(places, step, faces))
        while size > 1e-6:
            tried = places + size * step
            lower = _energy(triangles.jacobians(tried), triangles.areas)
            if lower < energy and is_simple(tried, faces, loop):
                break
            size /= 2
        else:
            return places
        gained, places = energy - lower, tried
        energy = lower
        if gained < ENOUGH * (energy - 4 * total):
            return places
    return places


def _rows_scaled(matrix: Any, factors: Floats) -> Any:
    """A sparse matrix by rows with each row multiplied; a product of matrices takes far longer."""
    data = matrix.data * np.repeat(factors, np.diff(matrix.indptr))
    return csr_matrix((data, matrix.indices, matrix.indptr), matrix.shape)


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
    constant, linear, square = (
        cross_product(a, b),
        cross_product(a, d) + cross_product(c, b),
        cross_product(c, d),
    )
    root = linear**2 - 4 * square * constant
    real = np.sqrt(np.maximum(root, 0))
    # The smaller positive root, in the form that is exact where the square vanishes.
    with np.errstate(divide="ignore", invalid="ignore"):
        first = 2 * constant / (-linear + real)
        second = 2 * constant / (-linear - real)
    both = np.stack([first, second])
    both = np.where((both > 0) & (root >= 0) & np.isfinite(both), both, np.inf)
    return float(both.min())
