"""Where a mesh ends: its border loops, and lids over them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.mesh.linked import linked_pieces
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.types import Mesh


def border_edges(faces: Tensor) -> Tensor:
    """Directed edges of `faces` (F, 3) that no other face runs the other way, (E, 2)."""
    if faces.shape[0] == 0:
        return faces.new_zeros(0, 2)
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    base = int(faces.max()) + 1
    forward = edges[:, 0] * base + edges[:, 1]
    backward = edges[:, 1] * base + edges[:, 0]
    return edges[~torch.isin(forward, backward)]


def border_loops(faces: Tensor) -> list[Tensor]:
    """The rims of a mesh without pinched vertices: vertices (L,) in the faces' direction."""
    following = {int(start): int(end) for start, end in border_edges(faces).tolist()}
    loops: list[Tensor] = []
    while following:
        first, current = next(iter(following.items()))
        loop = [first]
        del following[first]
        while current != first:
            loop.append(current)
            current = following.pop(current)
        loops.append(torch.tensor(loop, device=faces.device))
    return loops


def without_pinched_vertices(faces: Tensor, chosen: Tensor) -> Tensor:
    """Give up faces until every rim of the chosen ones passes each vertex once.

    Args:
        faces: (F, 3) of a closed mesh.
        chosen: (F,) bool.

    Returns:
        (F,) bool, a subset of the chosen ones.
    """
    chosen = chosen.clone()
    while True:
        starts = border_edges(faces[chosen])[:, 0]
        vertices, counts = starts.unique(return_counts=True)
        pinched = vertices[counts > 1]
        if len(pinched) == 0:
            return chosen
        chosen &= ~torch.isin(faces, pinched).any(1)


def without_branches(faces: Tensor, chosen: Tensor) -> Tensor:
    """Give up chosen faces (F,) bool at edges where more than two of them meet."""
    rows = chosen.nonzero().squeeze(1)
    corners = faces[rows]
    edges = torch.cat([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]).sort(1).values
    _, number, counts = edges.unique(dim=0, return_inverse=True, return_counts=True)
    branching = (counts[number] > 2).view(3, -1).any(0)
    result = chosen.clone()
    result[rows[branching]] = False
    return result


def without_small_pieces(faces: Tensor, chosen: Tensor, least: int) -> Tensor:
    """Chosen faces (F,) bool without connected pieces of fewer than `least` faces."""
    rows = chosen.nonzero().squeeze(1)
    if len(rows) == 0:
        return chosen
    piece = face_pieces(faces[rows])
    is_large = torch.bincount(piece) >= least
    result = torch.zeros_like(chosen)
    result[rows[is_large[piece]]] = True
    return result


def without_shreds(mesh: Mesh, kept: Tensor, labels: Tensor, least: float) -> Tensor:
    """Kept faces (F,) bool without small pieces of one label that something was cut off from.

    Args:
        labels: (F,) int64.
        least: square metres below which a piece is small.
    """
    area = face_areas(mesh)
    lost = torch.zeros(len(mesh.vertices), dtype=torch.bool)
    lost[mesh.faces[~kept].flatten()] = True
    is_beside = lost[mesh.faces].any(1)
    result = kept.clone()
    for label in labels[kept].unique().tolist():
        rows = (kept & (labels == label)).nonzero().squeeze(1)
        piece = face_pieces(mesh.faces[rows])
        areas = torch.zeros(int(piece.max()) + 1).index_add(0, piece, area[rows])
        touched = torch.zeros(len(areas), dtype=torch.bool)
        touched[piece[is_beside[rows]]] = True
        result[rows[((areas < least) & touched)[piece]]] = False
    return result


def face_pieces(faces: Tensor) -> Tensor:
    """Number of the connected piece of each face, (F,) int64; pieces share no vertex."""
    corners = faces.cpu().numpy()
    count = int(corners.max()) + 1
    pairs = np.stack([corners[:, :2].ravel(), corners[:, 1:].ravel()], 1)
    return torch.from_numpy(linked_pieces(pairs, count)[corners[:, 0]]).to(faces.device)


def compacted(mesh: Mesh, chosen: Tensor) -> tuple[Mesh, Tensor]:
    """The chosen faces (F,) bool as a mesh of their own, and its vertices' old numbers (V,)."""
    used, faces = mesh.faces[chosen].unique(return_inverse=True)
    return Mesh(mesh.vertices[used], faces), used


@dataclass(frozen=True)
class Capped:
    """A mesh with lids over its rims."""

    mesh: Mesh
    """The given vertices and faces first; each lid is a fan around a vertex in its middle."""
    lid: Tensor
    """(F,) int64, -1 for a given face, else the number of the rim that it closes."""


def capped(mesh: Mesh, loops: Sequence[Tensor]) -> Capped:
    """Close rims (from `border_loops`) with fans around their middles."""
    vertices, faces = [mesh.vertices], [mesh.faces]
    lids = [mesh.faces.new_full((len(mesh.faces),), -1)]
    for number, loop in enumerate(loops):
        apex = len(mesh.vertices) + number
        vertices.append(mesh.vertices[loop].mean(0, keepdim=True))
        fan = torch.stack([loop.roll(-1), loop, torch.full_like(loop, apex)], 1)
        faces.append(fan)
        lids.append(torch.full_like(loop, number))
    return Capped(Mesh(torch.cat(vertices), torch.cat(faces)), torch.cat(lids))
