"""Surfaces that are cut along some of their edges."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.linked import linked_pieces
from album2avatar.mesh.topology import corners_at_ends, edge_table

Ints = npt.NDArray[np.int64]
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
        return border_edges(torch.from_numpy(self.faces)).numpy()


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
        corners = corners_at_ends(faces, owners, ends)
        return InnerEdges(ends.numpy(), owners.numpy(), corners.numpy())


def cut_surface(faces: Ints, edges: InnerEdges, is_open: Bits) -> CutSurface:
    """Part faces (F, 3) at all edges that are not open (E,) bool."""
    corner = 3 * edges.faces[:, :, None] + edges.corners
    joined = corner[is_open]
    pairs = joined.transpose(0, 2, 1).reshape(-1, 2)
    place = linked_pieces(pairs, faces.size)
    vertices = np.zeros(int(place.max()) + 1, np.int64)
    vertices[place] = faces.ravel()
    return CutSurface(vertices, place.reshape(-1, 3), place[corner[:, 0]], edges.faces, is_open)


def pieces_of(surface: CutSurface) -> Ints:
    """(F,) number of each face's piece; pieces hang together through open edges."""
    return linked_pieces(surface.owners[surface.is_open], len(surface.faces))


def euler_number(surface: CutSurface) -> int:
    """Places - edges + faces: 1 for a disk."""
    edges = (3 * len(surface.faces) + len(surface.rim)) // 2
    return len(surface.vertices) - edges + len(surface.faces)
