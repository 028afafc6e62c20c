"""Decimation that leaves chosen vertices where they are."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

BATCH = 0.25
"""Share of the edges, the cheapest, among which each round chooses."""
SLENDER = 0.2
"""Least quality that a face may get: its double area over its longest side squared."""
FOLD = 0.3
"""Least cosine between a face's normals before and after."""
EVENNESS = 2e-4
"""Weight of an edge's squared length against its squared distance from the surface: flat places
lose their shortest edges first."""
_ROUNDS = 400

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Collapsed:
    """A mesh with fewer faces."""

    mesh: Mesh
    """Kept faces in their old order."""
    old_faces: Tensor
    """(F,) int64, the old number of each face."""


def collapse_edges(mesh: Mesh, locked: Tensor, face_count: int) -> Collapsed:
    """Collapse edges by quadric error until at most `face_count` faces are left, if possible.

    In each round the cheapest edges far enough from one another collapse at once. None does that
    would change the surface's topology, fold a face over or make a needle.

    Args:
        mesh: closed.
        locked: (V,) bool, vertices that neither move nor go.

    Source: Garland and Heckbert 1997, "Surface simplification using quadric error metrics"; the
    condition on topology is Dey et al. 1999, "Topology preserving edge contraction".
    """
    points = mesh.vertices.double().cpu().numpy().copy()
    faces = mesh.faces.cpu().numpy().copy()
    fixed = locked.cpu().numpy()
    numbers = np.arange(len(faces))
    quadrics = _vertex_quadrics(points, faces)
    for _ in range(_ROUNDS):
        surplus = len(faces) - face_count
        if surplus <= 1:
            break
        edges = edge_table(torch.from_numpy(faces)).vertices.numpy()
        edges = edges[~fixed[edges].all(1)]
        targets, costs = _targets(points, quadrics, edges, fixed)
        usable = _cheapest(edges, targets, costs, points, faces)
        if len(usable) == 0:
            break
        # Every collapse takes two faces along.
        chosen = _apart(edges, usable, faces, len(points))[: max(1, surplus // 2)]
        kept, gone = edges[chosen, 0], edges[chosen, 1]
        swap = fixed[gone]
        kept, gone = np.where(swap, gone, kept), np.where(swap, kept, gone)
        points[kept] = targets[chosen]
        quadrics[kept] += quadrics[gone]
        renumbered = np.arange(len(points))
        renumbered[gone] = kept
        faces = renumbered[faces]
        whole = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2])
        whole &= faces[:, 2] != faces[:, 0]
        faces, numbers = faces[whole], numbers[whole]
    used, faces = np.unique(faces, return_inverse=True)
    vertices = mesh.vertices.clone()
    # Locked vertices stay bit by bit.
    moved = torch.from_numpy(points).to(vertices)
    vertices = torch.where(locked[:, None], vertices, moved)[torch.from_numpy(used)]
    rows = torch.from_numpy(numbers).to(mesh.faces.device)
    return Collapsed(Mesh(vertices, torch.from_numpy(faces.reshape(-1, 3)).to(rows)), rows)


def _vertex_quadrics(points: Floats, faces: Ints) -> Floats:
    """(V, 4, 4): squared distance to the planes around each vertex, weighted by area."""
    corners = points[faces]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    double_area = np.linalg.norm(normal, axis=1, keepdims=True)
    normal = normal / np.maximum(double_area, 1e-20)
    plane = np.concatenate([normal, -(normal * corners[:, 0]).sum(1, keepdims=True)], 1)
    outer = plane[:, :, None] * plane[:, None, :] * (double_area[:, :, None] / 6)
    quadrics = np.zeros((len(points), 4, 4))
    for corner in range(3):
        np.add.at(quadrics, faces[:, corner], outer)
    return quadrics


def _targets(
    points: Floats, quadrics: Floats, edges: Ints, fixed: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    """Best place (E, 3) of each edge's vertex, and its cost (E,)."""
    start, end = points[edges[:, 0]], points[edges[:, 1]]
    middle = (start + end) / 2
    summed = quadrics[edges[:, 0]] + quadrics[edges[:, 1]]
    length = np.square(start - end).sum(1)
    weight = np.trace(summed[:, :3, :3], axis1=1, axis2=2)
    # A little of the middle keeps the equations solvable on planes and along creases.
    pull = 1e-2 * weight[:, None, None] * np.eye(3)
    right = -summed[:, :3, 3] + 1e-2 * weight[:, None] * middle
    best = np.linalg.solve(summed[:, :3, :3] + pull + 1e-20 * np.eye(3), right[..., None])[..., 0]
    far = np.square(best - middle).sum(1) > length
    best[far] = middle[far]
    best = np.where(fixed[edges[:, :1]], start, np.where(fixed[edges[:, 1:]], end, best))
    placed = np.concatenate([best, np.ones((len(best), 1))], 1)
    error = np.einsum("ei,eij,ej->e", placed, summed, placed)
    return best, error + EVENNESS * weight * length


def _cheapest(edges: Ints, targets: Floats, costs: Floats, points: Floats, faces: Ints) -> Ints:
    """Edges among the cheapest that may collapse, the best first; others if none of them may."""
    order = np.argsort(costs, kind="stable")
    batch = max(64, int(BATCH * len(order)))
    for some in (order[:batch], order[batch:]):
        some = some[_keeps_topology(edges[some], faces, len(points))]
        some = some[_keeps_shape(edges[some], targets[some], points, faces)]
        if len(some) > 0:
            return some
    return order[:0]


def _apart(edges: Ints, ranked: Ints, faces: Ints, count: int) -> Ints:
    """Of ranked edges those that are near no better one."""
    rank = np.arange(len(ranked))
    best = np.full(count, len(ranked))
    np.minimum.at(best, edges[ranked].ravel(), np.repeat(rank, 2))
    around = best.copy()
    np.minimum.at(around, faces.ravel(), np.repeat(best[faces].min(1), 3))
    return ranked[(around[edges[ranked]] >= rank[:, None]).all(1)]


def _keeps_topology(edges: Ints, faces: Ints, count: int) -> NDArray[np.bool_]:
    """Say of edges whether just two vertices are beside both of their ends."""
    sides = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    ones = np.ones(len(sides), np.int32)
    links = sparse.coo_matrix((ones, (sides[:, 0], sides[:, 1])), (count, count)).tocsr()
    links = ((links + links.T) > 0).astype(np.int32).tocsr()
    shared = links[edges[:, 0]].multiply(links[edges[:, 1]]).sum(1)
    return np.asarray(shared).ravel() == 2


def _keeps_shape(edges: Ints, targets: Floats, points: Floats, faces: Ints) -> NDArray[np.bool_]:
    """Say of edges whether the faces around them stay faces when their ends go to their targets."""
    order = np.argsort(faces.ravel(), kind="stable")
    starts = np.searchsorted(faces.ravel()[order], np.arange(len(points) + 1))
    result = np.ones(len(edges), np.bool_)
    for end in range(2):
        vertex, other = edges[:, end], edges[:, 1 - end]
        counts = starts[vertex + 1] - starts[vertex]
        edge = np.repeat(np.arange(len(edges)), counts)
        within = np.arange(len(edge)) - np.repeat(counts.cumsum() - counts, counts)
        around = faces[order[starts[vertex][edge] + within] // 3]
        stays = (around != other[edge, None]).all(1)
        edge, around = edge[stays], around[stays]
        before = points[around]
        moved = (around == vertex[edge, None])[..., None]
        after = np.where(moved, targets[edge][:, None], before)
        (old, had), (new, has) = _normals(before), _normals(after)
        good = ((old * new).sum(1) > FOLD) & (has > np.minimum(SLENDER, had))
        np.logical_and.at(result, edge, good)
    return result


def _normals(corners: Floats) -> tuple[Floats, Floats]:
    """Unit normals (K, 3) of triangles (K, 3, 3), and double area over longest side squared."""
    vector = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(vector, axis=1)
    longest = np.square(corners - np.roll(corners, 1, 1)).sum(2).max(1)
    return vector / np.maximum(length, 1e-20)[:, None], length / np.maximum(longest, 1e-20)
