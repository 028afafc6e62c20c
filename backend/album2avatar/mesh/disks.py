"""Pieces of a surface cut open until each is a disk, along the edges where it shows least."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree

from album2avatar.mesh.cutting import (
    Bits,
    CutSurface,
    InnerEdges,
    Ints,
    cut_surface,
    euler_number,
    pieces_of,
)
from album2avatar.mesh.linked import linked_pieces

Floats = npt.NDArray[np.float64]


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


def _rim_numbers(surface: CutSurface) -> Ints:
    """(P,) number of the rim on which each place lies, -1 inside; the longest has number 0."""
    edges, count = surface.rim, len(surface.vertices)
    numbers = np.full(count, -1, np.int64)
    if len(edges) == 0:
        return numbers
    piece = linked_pieces(edges, count)
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
