"""Pieces of a surface cut open until each is a disk, along the edges where it shows least."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from torch import Tensor

from album2avatar.mesh.topology import edge_table

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bits = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CutSurface:
    """Triangles whose common edges are cut here and there.

    A *place* is what one vertex is on one side of the cuts, as a texture coordinate is.
    """

    vertices: Ints
    """(P,) the mesh's vertex that each place is."""
    faces: Ints
    """(F, 3) places."""
    ends: Ints
    """(E, 2) places on the first face's side of each inner edge, cut or not."""
    owners: Ints
    """(E, 2) faces on both sides."""
    is_open: Bits
    """(E,) the edge isn't cut."""

    @property
    def rim(self) -> Ints:
        """(B, 2) places, directed edges on which a piece ends."""
        faces = self.faces
        edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
        stride = int(faces.max()) + 1
        forward, backward = edges[:, 0] * stride + edges[:, 1], edges[:, 1] * stride + edges[:, 0]
        return edges[~np.isin(forward, backward)]


@dataclass(frozen=True)
class InnerEdges:
    """The edges of a mesh that have two faces."""

    vertices: Ints
    """(E, 2)."""
    faces: Ints
    """(E, 2)."""
    corners: Ints
    """(E, 2 faces, 2 ends) corner of each face, 0 to 2, at each end."""

    @staticmethod
    def of(faces: Tensor) -> "InnerEdges":
        """Find them in faces (F, 3)."""
        table = edge_table(faces)
        inner = (table.faces >= 0).all(1)
        ends, owners = table.vertices[inner], table.faces[inner]
        corners = (faces[owners][:, :, None, :] == ends[:, None, :, None]).int().argmax(3)
        return InnerEdges(ends.numpy(), owners.numpy(), corners.numpy().astype(np.int64))


def cut_surface(faces: Ints, edges: InnerEdges, is_open: Bits) -> CutSurface:
    """Part faces (F, 3) at all edges that are not open (E,) bool."""
    corner = 3 * edges.faces[:, :, None] + edges.corners
    joined = corner[is_open]
    pairs = joined.transpose(0, 2, 1).reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (faces.size,) * 2)
    place = connected_components(graph, directed=False)[1].astype(np.int64)
    vertices = np.zeros(int(place.max()) + 1, np.int64)
    vertices[place] = faces.ravel()
    return CutSurface(vertices, place.reshape(-1, 3), place[corner[:, 0]], edges.faces, is_open)


def pieces_of(surface: CutSurface) -> Ints:
    """(F,) number of each face's piece; pieces hang together through open edges."""
    pairs = surface.owners[surface.is_open]
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(surface.faces),) * 2)
    return connected_components(graph, directed=False)[1].astype(np.int64)


def opened_to_disk(faces: Ints, edges: InnerEdges, cost: Floats) -> Bits | None:
    """Cut one connected piece until it is a disk.

    Rims are joined by the cheapest ways, then handles are opened (Erickson and Whittlesey 2005,
    "Greedy optimal homotopy and homology generators").

    Args:
        faces: (F, 3), connected through edges.
        cost: (E,) of cutting each edge, positive.

    Returns:
        (E,) bool, the edges that stay open; None where a surface that lies double, or hangs
        together at edges of more than two faces, can't be opened without parting it.
    """
    is_open = np.ones(len(edges.faces), np.bool_)
    while True:
        surface = cut_surface(faces, edges, is_open)
        rim = _rim_numbers(surface)
        if rim.max() < 0:
            cut = _first_cut(surface, cost)
        elif rim.max() > 0:
            cut = _way(surface, cost, (rim == 0).nonzero()[0], (rim > 0).nonzero()[0])
        elif euler_number(surface) < 1:
            cut = _handle(surface, cost, (rim == 0).nonzero()[0])
        else:
            return is_open
        is_open[cut] = False
        if len(cut) == 0 or pieces_of(cut_surface(faces, edges, is_open)).max() > 0:
            return None


def way_to_rim(surface: CutSurface, cost: Floats, target: int) -> Ints:
    """The cheapest edges to cut from a place to the rim; a disk stays one."""
    rim = np.unique(surface.rim)
    return _way(surface, cost, rim, np.array([target]))


def euler_number(surface: CutSurface) -> int:
    """Places - edges + faces: 1 for a disk."""
    edges = (3 * len(surface.faces) + len(surface.rim)) // 2
    return len(surface.vertices) - edges + len(surface.faces)


def _rim_numbers(surface: CutSurface) -> Ints:
    """(P,) number of the rim on which each place lies, -1 inside; the longest has number 0."""
    edges, count = surface.rim, len(surface.vertices)
    numbers = np.full(count, -1, np.int64)
    if len(edges) == 0:
        return numbers
    graph = coo_matrix((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), (count, count))
    piece = connected_components(graph, directed=False)[1]
    on_rim = np.unique(edges)
    found, sizes = np.unique(piece[on_rim], return_counts=True)
    rank = np.empty(len(found), np.int64)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(found))
    numbers[on_rim] = rank[np.searchsorted(found, piece[on_rim])]
    return numbers


def _ways(surface: CutSurface, cost: Floats, sources: Ints) -> tuple[Floats, Ints]:
    """Distance of each place from sources along edges that can be cut, and the place before."""
    rows = _inner(surface)
    ends, count = surface.ends[rows], len(surface.vertices)
    graph = coo_matrix((cost[rows], (ends[:, 0], ends[:, 1])), (count, count)).tocsr()
    distance, before, _ = dijkstra(
        graph, directed=False, indices=sources, return_predecessors=True, min_only=True
    )
    return np.asarray(distance), np.asarray(before, np.int64)


def _inner(surface: CutSurface) -> Ints:
    return surface.is_open.nonzero()[0]


def _edges_back(surface: CutSurface, before: Ints, place: int) -> list[int]:
    """Edges from a place back to the source that it is reached from."""
    number = _edge_numbers(surface)
    stride, found = len(surface.vertices), list[int]()
    while before[place] >= 0:
        previous = int(before[place])
        low, high = min(place, previous), max(place, previous)
        found.append(number[low * stride + high])
        place = previous
    return found


def _edge_numbers(surface: CutSurface) -> dict[int, int]:
    rows = _inner(surface)
    ends = np.sort(surface.ends[rows], axis=1)
    keys = ends[:, 0] * len(surface.vertices) + ends[:, 1]
    return dict(zip(keys.tolist(), rows.tolist(), strict=True))


def _way(surface: CutSurface, cost: Floats, sources: Ints, targets: Ints) -> Ints:
    distance, before = _ways(surface, cost, sources)
    target = int(targets[np.argmin(distance[targets])])
    return np.array(_edges_back(surface, before, target), np.int64)


def _first_cut(surface: CutSurface, cost: Floats) -> Ints:
    """A way between two places far apart on a closed piece."""
    far = int(np.argmax(_ways(surface, cost, np.array([0]))[0]))
    distance, before = _ways(surface, cost, np.array([far]))
    return np.array(_edges_back(surface, before, int(np.argmax(distance))), np.int64)


def _handle(surface: CutSurface, cost: Floats, rim: Ints) -> Ints:
    """The cheapest of the ways from rim to rim that don't part the piece."""
    distance, before = _ways(surface, cost, rim)
    rows = _inner(surface)
    ends = surface.ends[rows]
    loop = distance[ends].sum(1) + cost[rows]
    is_tree = (before[ends[:, 0]] == ends[:, 1]) | (before[ends[:, 1]] == ends[:, 0])
    across, length = surface.owners[rows][~is_tree], loop[~is_tree]
    # Among the faces a tree of the dearest edges; what is in neither tree closes a loop.
    weight = 1 + length.max() - length
    graph = coo_matrix((weight, (across[:, 0], across[:, 1])), (len(surface.faces),) * 2)
    tree = minimum_spanning_tree(graph.tocsr()).tocoo()
    in_tree = set(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
    left = [
        (float(value), int(row))
        for value, row, pair in zip(length, rows[~is_tree], across.tolist(), strict=True)
        if tuple(pair) not in in_tree
    ]
    if not left:
        return np.zeros(0, np.int64)
    edge = min(left)[1]
    start, end = surface.ends[edge].tolist()
    cut = [edge, *_edges_back(surface, before, start), *_edges_back(surface, before, end)]
    return np.array(sorted(set(cut)), np.int64)
