"""A UV map cut as labels say: each piece opened to a disk and laid flat."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.mesh.cutting import Bits, CutSurface, InnerEdges, Ints, cut_surface, pieces_of
from album2avatar.mesh.disks import Floats, opened_to_disk, way_to_rim
from album2avatar.mesh.flattening import Flattened, flat_triangle, flatten
from album2avatar.mesh.types import Mesh, UvMap

DIAGONAL = 6.0
"""What a cut through a quad costs, against one between quads."""
MOST_STRETCHED = 1.6
"""How far, along a line, a face may be smaller in the texture than its share."""
STRETCHED_SHARE = 0.01
"""Share of a chart's area that may be smaller yet before it is cut open there."""
MOST_SHARE = 0.1
"""The same before it is divided."""
MOST_CUTS = 4
"""Cuts that a chart may get for being stretched."""


@dataclass(frozen=True)
class FlatCharts:
    """Charts laid flat, each in a plane of its own."""

    uv: UvMap
    """Coordinates float64 in metres of the surface; charts lie over each other."""
    labels: Tensor
    """(C,) int64, label of each chart."""
    chart: Tensor
    """(F,) int64."""

    def scaled(self, density: Tensor) -> UvMap:
        """The map with each chart made larger by its label's density (L,)."""
        factor = torch.ones(len(self.uv.coordinates), 1, dtype=self.uv.coordinates.dtype)
        of_face = density[self.labels][self.chart].to(factor.dtype)
        factor[self.uv.faces] = of_face[:, None, None].expand(-1, 3, 1)
        return UvMap(factor * self.uv.coordinates, self.uv.faces)


@dataclass(frozen=True)
class _Piece:
    faces: Ints
    """(F,) the mesh's faces."""
    label: int


def lay_flat(
    mesh: Mesh,
    mate: Tensor,
    labels: Tensor,
    shows: Tensor,
    poll: Callable[[], None] = lambda: None,
) -> FlatCharts:
    """Cut a surface between labels, open each piece to a disk and lay it flat.

    A chart that would be stretched too far is cut from its rim to where it is worst; one that
    would fold or cross itself is divided in two.

    Args:
        mate: (F,) int64, see `mesh.quads`; cuts run around quads where they can.
        labels: (F,) int64.
        shows: (V,) positive, what a metre of seam costs there.
        poll: called for every chart and while it is flattened; raises to stop.
    """
    vertices = mesh.vertices.double().cpu().numpy()
    faces = mesh.faces.cpu().numpy().astype(np.int64)
    edges = InnerEdges.of(mesh.faces.cpu())
    lengths = np.linalg.norm(
        vertices[edges.vertices[:, 0]] - vertices[edges.vertices[:, 1]], axis=1
    )
    cost = lengths * shows.double().cpu().numpy()[edges.vertices].mean(1) + 1e-7
    is_diagonal = mate.cpu().numpy()[edges.faces[:, 0]] == edges.faces[:, 1]
    cost = np.where(is_diagonal, DIAGONAL * cost, cost)
    of_face = labels.cpu().numpy().astype(np.int64)
    same = of_face[edges.faces[:, 0]] == of_face[edges.faces[:, 1]]
    piece = pieces_of(cut_surface(faces, edges, same))
    queue = [
        _Piece((piece == number).nonzero()[0], int(of_face[(piece == number).argmax()]))
        for number in range(int(piece.max()) + 1)
    ]
    places: list[Floats] = []
    uv_faces = np.zeros_like(faces)
    chart = np.zeros(len(faces), np.int64)
    chart_labels: list[int] = []
    count = 0
    while queue:
        poll()
        part = queue.pop(0)
        local, chosen = _edges_within(edges, part.faces, len(faces))
        laid = _laid(vertices, faces[part.faces], local, cost[chosen], poll)
        if laid is None:
            queue = [*_halves(vertices, faces, part, local), *queue]
            continue
        flat, corners = laid
        chart[part.faces] = len(chart_labels)
        chart_labels.append(part.label)
        places.append(flat)
        uv_faces[part.faces] = corners + count
        count += len(flat)
    coordinates = torch.from_numpy(np.concatenate(places))
    return FlatCharts(
        UvMap(coordinates, torch.from_numpy(uv_faces)),
        torch.tensor(chart_labels),
        torch.from_numpy(chart),
    )


def _edges_within(edges: InnerEdges, rows: Ints, count: int) -> tuple[InnerEdges, Bits]:
    """The edges between some faces, which are numbered anew, and which of all they are."""
    number = np.full(count, -1, np.int64)
    number[rows] = np.arange(len(rows))
    owners = number[edges.faces]
    chosen = np.asarray((owners >= 0).all(1), np.bool_)
    return InnerEdges(edges.vertices[chosen], owners[chosen], edges.corners[chosen]), chosen


def _laid(
    vertices: Floats, faces: Ints, edges: InnerEdges, cost: Floats, poll: Callable[[], None]
) -> tuple[Floats, Ints] | None:
    """A connected piece laid flat, (P, 2), and its faces into that; None where it can't be."""
    if len(faces) == 1:
        return flat_triangle(vertices[faces[0]]), np.array([[0, 1, 2]])
    is_open = opened_to_disk(faces, edges, cost)
    if is_open is None:
        return None
    areas = _areas(vertices, faces)
    best: tuple[Floats, Ints] | None = None
    least = MOST_SHARE
    for _ in range(MOST_CUTS + 1):
        surface = cut_surface(faces, edges, is_open)
        flat = flatten(vertices[surface.vertices], surface.faces, surface.rim, poll)
        share = float(areas[flat.stretch[:, 1] < 1 / MOST_STRETCHED].sum() / areas.sum())
        if flat.is_sound and share <= least:
            best, least = (flat.places, surface.faces), share
        worst = _worst_place(areas, surface, flat)
        if not flat.is_sound or share <= STRETCHED_SHARE or worst is None:
            break
        is_open = is_open.copy()
        is_open[way_to_rim(surface, cost, worst)] = False
    return best


def _areas(vertices: Floats, faces: Ints) -> Floats:
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    return np.asarray(np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2 + 1e-12)


def _worst_place(areas: Floats, surface: CutSurface, flat: Flattened) -> int | None:
    """The place inside of a chart around which most is lacking, if there is any inside."""
    count = len(surface.vertices)
    lack = areas * np.maximum(1 / flat.stretch[:, 1] - 1, 0)
    corners = surface.faces.ravel()
    around = np.bincount(corners, np.repeat(areas, 3), count)
    value = np.bincount(corners, np.repeat(lack, 3), count) / around
    value[np.unique(surface.rim)] = 0
    return int(value.argmax()) if value.max() > 0 else None


def _halves(vertices: Floats, faces: Ints, part: _Piece, edges: InnerEdges) -> list[_Piece]:
    """The connected pieces of both sides of a plane through the middle of a part."""
    centres = vertices[faces[part.faces]].mean(1)
    offset = centres - centres.mean(0)
    longest = np.linalg.svd(offset, full_matrices=False)[2][0]
    side = offset @ longest > np.median(offset @ longest)
    if side.all() or not side.any():
        side = np.arange(len(side)) < len(side) // 2
    is_open = side[edges.faces[:, 0]] == side[edges.faces[:, 1]]
    piece = pieces_of(cut_surface(faces[part.faces], edges, is_open))
    return [
        _Piece(part.faces[piece == number], part.label) for number in range(int(piece.max()) + 1)
    ]
