"""Triangles cut along the borders of labels, so that each has one label."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.types import Mesh

STRAIGHTENING_ROUNDS = 16
"""Rounds in which each place of a border moves along its edge towards its neighbours' middle."""
LEAST_SHARE = 0.08
"""Share of an edge that is left on either side of a border: no face becomes a needle."""


@dataclass(frozen=True)
class LabelledMesh:
    """A mesh whose new faces have one label each."""

    mesh: Mesh
    """The given vertices first, then those on borders; kept faces first."""
    shares: Tensor
    """(V, K) shares of the labels; equal ones on a border."""
    new_labels: Tensor
    """(N,) int64, labels of the faces that are not kept."""


@dataclass(frozen=True)
class _Crossings:
    """Edges with ends of different labels."""

    edges: Tensor
    """(C, 2) int64 vertices."""
    of_side: Tensor
    """(N, 3) int64, the crossing on the side from a face's corner to its next, or -1."""


def cut_along_borders(
    mesh: Mesh, shares: Tensor, kept_vertices: int, kept_faces: int
) -> LabelledMesh:
    """Divide faces where the largest of the corners' shares differ, along smooth lines.

    Args:
        shares: (V, K) at the vertices.
        kept_vertices: number of leading vertices; an edge between two of them isn't cut.
        kept_faces: number of leading faces that stay as they are.
    """
    labels, faces = shares.argmax(1), mesh.faces[kept_faces:]
    crossings = _crossings(faces, labels, kept_vertices)
    points = _straightened(mesh.vertices, shares, crossings)
    is_cut = (crossings.of_side >= 0).any(1)
    is_centred = (crossings.of_side >= 0).all(1)
    middles = points[crossings.of_side[is_centred]].mean(1)
    centre = torch.full((len(faces),), -1, dtype=torch.int64)
    first = len(mesh.vertices) + len(points)
    centre[is_centred] = first + torch.arange(len(middles))
    pieces: list[list[int]] = []
    piece_labels: list[int] = []
    cuts = torch.where(crossings.of_side >= 0, crossings.of_side + len(mesh.vertices), -1)
    for corners, sides, middle in zip(
        faces[is_cut].tolist(), cuts[is_cut].tolist(), centre[is_cut].tolist(), strict=True
    ):
        for owner, triangle in _divided(corners, sides, middle):
            pieces.append(triangle)
            piece_labels.append(int(labels[owner]))
    whole = faces[~is_cut]
    divided = torch.tensor(pieces, dtype=torch.int64).reshape(-1, 3)
    whole_labels = labels[whole].mode(1).values
    halves = F.one_hot(labels[crossings.edges], shares.shape[1]).float().mean(1)
    thirds = F.one_hot(labels[faces[is_centred]], shares.shape[1]).float().mean(1)
    return LabelledMesh(
        Mesh(
            torch.cat([mesh.vertices, points, middles]),
            torch.cat([mesh.faces[:kept_faces], whole, divided]),
        ),
        torch.cat([shares, halves, thirds]),
        torch.cat([whole_labels, torch.tensor(piece_labels, dtype=torch.int64)]),
    )


def _crossings(faces: Tensor, labels: Tensor, kept_vertices: int) -> _Crossings:
    ends = torch.stack([faces, faces.roll(-1, 1)], 2).sort(2).values
    edges, number = ends.view(-1, 2).unique(dim=0, return_inverse=True)
    crosses = (labels[edges[:, 0]] != labels[edges[:, 1]]) & (edges[:, 1] >= kept_vertices)
    numbered = torch.where(crosses, crosses.cumsum(0) - 1, -1)
    return _Crossings(edges[crosses], numbered[number].view(-1, 3))


def _straightened(vertices: Tensor, shares: Tensor, crossings: _Crossings) -> Tensor:
    """Places (C, 3) on the crossed edges: where the shares are equal, then in a smooth line."""
    first, second = crossings.edges.unbind(1)
    labels = shares.argmax(1)
    rows = torch.arange(len(first))
    lead = shares[first] - shares[second]
    gain = lead[rows, labels[first]] - lead[rows, labels[second]]
    start = shares[first, labels[first]] - shares[first, labels[second]]
    share = (start / gain.clamp(min=1e-9)).clamp(LEAST_SHARE, 1 - LEAST_SHARE)
    base, along = vertices[first], vertices[second] - vertices[first]
    segments = _segments(crossings.of_side)
    degree = torch.bincount(segments.flatten(), minlength=len(first))
    inner = (degree == 2).float()
    for _ in range(STRAIGHTENING_ROUNDS):
        points = base + share[:, None] * along
        around = torch.zeros_like(points)
        around.index_add_(0, segments[:, 0], points[segments[:, 1]])
        around.index_add_(0, segments[:, 1], points[segments[:, 0]])
        pull = around / degree.clamp(min=1)[:, None] - points
        step = (pull * along).sum(1) / along.square().sum(1).clamp(min=1e-12)
        share = (share + 0.5 * inner * step).clamp(LEAST_SHARE, 1 - LEAST_SHARE)
    return base + share[:, None] * along


def _segments(of_side: Tensor) -> Tensor:
    """(S, 2) crossings that are neighbours on a border: the two of a face that has two."""
    two = of_side[(of_side >= 0).sum(1) == 2]
    return two.sort(1).values[:, 1:]


def _divided(corners: list[int], sides: list[int], middle: int) -> list[tuple[int, list[int]]]:
    """Triangles of a face, each after the corner whose label it has.

    Args:
        sides: vertex on the side from each corner to the next, or -1.
        middle: vertex in the face's middle; used where all sides are cut.
    """
    if middle >= 0:
        return [
            (corner, triangle)
            for j, corner in enumerate(corners)
            for triangle in ([corner, sides[j], middle], [corner, middle, sides[j - 1]])
        ]
    cut = [j for j in range(3) if sides[j] >= 0]
    if len(cut) == 1:
        (j,) = cut
        a, b, c = corners[j], corners[j - 2], corners[j - 1]
        return [(a, [a, sides[j], c]), (b, [sides[j], b, c])]
    j = next(j for j in cut if sides[j - 1] >= 0)
    a, b, c = corners[j], corners[j - 2], corners[j - 1]
    after, before = sides[j], sides[j - 1]
    return [(a, [a, after, before]), (b, [after, b, c]), (c, [after, c, before])]
