"""Whether a mesh is what later stages rely on: one closed surface without pinches."""

import torch
from torch import Tensor

from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

LEAST_AREA = 1e-12
"""Square metres below which a face is degenerate."""


def flaws_of(mesh: Mesh) -> list[str]:
    """What is wrong with a mesh that should be one closed manifold, in words; empty if nothing."""
    flaws: list[str] = []
    sides = torch.cat([mesh.faces[:, [0, 1]], mesh.faces[:, [1, 2]], mesh.faces[:, [2, 0]]])
    count = len(mesh.vertices)
    forward = sides[:, 0] * count + sides[:, 1]
    backward = sides[:, 1] * count + sides[:, 0]
    if len(forward.unique()) < len(forward) or not bool(torch.isin(backward, forward).all()):
        flaws.append("it is not closed")
    if int(face_pieces(mesh.faces).max()) > 0:
        flaws.append("it falls apart")
    if not flaws and pinched_vertices(mesh.faces):
        flaws.append("it is pinched at a vertex")
    if bool((face_areas(mesh) < LEAST_AREA).any()):
        flaws.append("a face has no area")
    return flaws


def pinched_vertices(faces: Tensor) -> int:
    """Number of fans beyond one around the vertices of a closed mesh."""
    pairs = edge_table(faces)
    # Corners of faces that share an edge are one fan at either end of the edge.
    corner_of = torch.arange(faces.numel()).view(-1, 3)
    links: list[Tensor] = []
    for end in range(2):
        vertex = pairs.vertices[:, end]
        both = [
            corner_of[pairs.faces[:, side]].gather(
                1, (faces[pairs.faces[:, side]] == vertex[:, None]).long().argmax(1)[:, None]
            )
            for side in range(2)
        ]
        links.append(torch.cat(both, 1))
    joined = torch.cat(links)
    triangles = torch.cat([joined, joined[:, :1]], 1)
    fans = len(
        face_pieces(torch.cat([triangles, corner_of.flatten()[:, None].expand(-1, 3)])).unique()
    )
    return fans - len(faces.unique())


def euler_characteristic(mesh: Mesh) -> int:
    """Vertices less edges plus faces: 2 for a ball, two fewer for each handle."""
    used = len(mesh.faces.unique())
    return used - len(edge_table(mesh.faces).vertices) + len(mesh.faces)
