"""Quads in a triangle mesh: which two triangles are one quad.

A mesh stays a list of triangles everywhere; beside it runs a *mate* (F,) int64, the face that makes
a quad with each, -1 for a triangle that stays one.
"""

import numpy as np
import torch
from torch import Tensor

from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh, UvMap

SHARPEST = 35.0
"""Degrees of the smallest corner that a quad of paired triangles may have."""
WIDEST = 150.0
"""Degrees of its largest corner: convex, with room for what posing does to it."""
MOST_BENT = 25.0
"""Degrees between the normals of a quad's triangles at most."""
_ROUNDS = 200


def split_from_quads(faces: Tensor) -> bool:
    """Whether triangles (F, 3) are quads that were split one after the other.

    Then faces 2k and 2k + 1 share an edge for every k; no other list of triangles has that.
    """
    if len(faces) % 2:
        return False
    first, second = faces.view(-1, 2, 3).unbind(1)
    shared = (first[:, :, None] == second[:, None, :]).sum(dim=(1, 2))
    return bool((shared == 2).all())


def consecutive_mates(faces: Tensor) -> Tensor:
    """Mates (F,) of triangles that are `split_from_quads`."""
    return torch.arange(len(faces), device=faces.device) ^ 1


def labels_of_faces(of_vertices: Tensor, faces: Tensor, mate: Tensor) -> Tensor:
    """(F,) int64: the label of most corners of each triangle or quad; the lowest of equals.

    Args:
        of_vertices: (V,) int64 labels.
        mate: (F,); both halves of a quad get the same label.
    """
    corners = of_vertices[faces]
    others = torch.where(mate[:, None] >= 0, of_vertices[faces[mate]], corners)
    return torch.cat([corners, others], 1).mode(1).values


def mates_of_rows(mate: Tensor, rows: Tensor) -> Tensor:
    """Mates after some faces `rows` (R,) int64 were taken, in their order; lost mates are -1."""
    place = torch.full((len(mate) + 1,), -1, dtype=torch.int64, device=mate.device)
    place[rows] = torch.arange(len(rows), device=mate.device)
    return place[mate[rows]]


def without_seams(mate: Tensor, mesh: Mesh, uv: UvMap) -> Tensor:
    """Mates (F,) without those at whose common edge the texture coordinates are cut."""
    rows = (mate >= 0).nonzero().squeeze(1)
    one, other = mesh.faces[rows], mesh.faces[mate[rows]]
    same_place = one[:, :, None] == other[:, None, :]
    same_texel = uv.faces[rows][:, :, None] == uv.faces[mate[rows]][:, None, :]
    is_cut = (same_place & ~same_texel).any(2).any(1)
    result = mate.clone()
    result[rows[is_cut]] = -1
    return result


def quads_first(mate: Tensor, group: Tensor, group_count: int) -> tuple[Tensor, Tensor]:
    """An order of the faces with quads side by side, and the number of quads of each group.

    Within a group the triangles of quads come first, the two of a quad one after the other.

    Args:
        group: (F,) int64 from 0; both triangles of a quad have the same.

    Returns:
        (F,) int64 face of each place, and (G,) int64 for `group_count` groups.
    """
    own = torch.arange(len(mate), device=mate.device)
    is_quad = mate >= 0
    lead = torch.where(is_quad, torch.minimum(own, mate), own)
    keys = torch.stack([group, (~is_quad).long(), lead, own], 1)
    order = torch.from_numpy(np.lexsort(keys.cpu().numpy().T[::-1])).to(mate.device)
    return order, torch.bincount(group[is_quad], minlength=group_count) // 2


def pair_triangles(mesh: Mesh, group: Tensor) -> Tensor:
    """Pair triangles into convex, nearly plane quads, the best first.

    A pairing is kept where neither of its triangles has a better one left; pairs that leave a
    triangle between them alone are then exchanged for two that take it along.

    Args:
        group: (F,) int64, faces of the same number may be paired; -1 for those that stay alone.

    Returns:
        (F,) int64 mates.
    """
    table = edge_table(mesh.faces)
    across = (table.faces >= 0).all(1)
    ends, tips, faces = table.vertices[across], table.opposite[across], table.faces[across]
    usable = (group[faces[:, 0]] == group[faces[:, 1]]) & (group[faces[:, 0]] >= 0)
    ends, tips, faces = ends[usable], tips[usable], faces[usable]
    score = _scores(mesh, ends, tips, faces)
    good = score > 0
    return _augmented(_greedy(faces[good], score[good], len(mesh.faces)), faces[good])


def _scores(mesh: Mesh, ends: Tensor, tips: Tensor, faces: Tensor) -> Tensor:
    """(E,) 1 for a plane rectangle, 0 for what is no quad."""
    around = torch.stack([ends[:, 0], tips[:, 0], ends[:, 1], tips[:, 1]], 1)
    corners = mesh.vertices[around].double()
    forward = torch.nn.functional.normalize(corners.roll(-1, 1) - corners, dim=2)
    backward = torch.nn.functional.normalize(corners.roll(1, 1) - corners, dim=2)
    angle = torch.rad2deg((forward * backward).sum(2).clamp(-1, 1).acos())
    # The corners at the diagonal are sums of two angles, which may pass a half turn.
    split = torch.nn.functional.normalize(corners[:, [2, 3, 0, 1]] - corners, dim=2)
    first = torch.rad2deg((forward * split).sum(2).clamp(-1, 1).acos())
    second = torch.rad2deg((backward * split).sum(2).clamp(-1, 1).acos())
    angle[:, [0, 2]] = (first + second)[:, [0, 2]]
    vectors = torch.nn.functional.normalize(
        face_vectors(mesh.vertices.double(), mesh.faces), dim=1, eps=1e-20
    )
    bend = torch.rad2deg((vectors[faces[:, 0]] * vectors[faces[:, 1]]).sum(1).clamp(-1, 1).acos())
    usable = (angle.amin(1) > SHARPEST) & (angle.amax(1) < WIDEST) & (bend < MOST_BENT)
    worst = (angle - 90).abs().amax(1)
    score = (1 - worst / 90) * (1 - 0.5 * bend / MOST_BENT)
    return torch.where(usable, score, 0.0)


def _greedy(faces: Tensor, score: Tensor, count: int) -> Tensor:
    """Mates where each pair is the best that both of its faces have left."""
    mate = torch.full((count,), -1, dtype=torch.int64)
    rank = torch.empty_like(score, dtype=torch.int64)
    rank[score.argsort(descending=True, stable=True)] = torch.arange(len(score))
    left = torch.arange(len(score))
    for _ in range(_ROUNDS):
        left = left[(mate[faces[left]] < 0).all(1)]
        if len(left) == 0:
            break
        best = torch.full((count,), len(score), dtype=torch.int64)
        best.scatter_reduce_(0, faces[left].flatten(), rank[left].repeat_interleave(2), "amin")
        chosen = left[(best[faces[left]] == rank[left, None]).all(1)]
        one, other = faces[chosen].unbind(1)
        mate[one], mate[other] = other, one
    return mate


def _augmented(mate: Tensor, faces: Tensor) -> Tensor:
    """Exchange one pair for two where a lone triangle lies on either side of it."""
    partners = mate.tolist()
    beside: dict[int, list[int]] = {}
    for one, other in faces.tolist():
        beside.setdefault(one, []).append(other)
        beside.setdefault(other, []).append(one)
    for lone in [face for face, found in enumerate(partners) if found < 0 and face in beside]:
        if partners[lone] < 0:
            _exchange(lone, partners, beside)
    return torch.tensor(partners, dtype=torch.int64)


def _exchange(lone: int, partners: list[int], beside: dict[int, list[int]]) -> None:
    for near in beside[lone]:
        far = partners[near]
        if far < 0:
            partners[lone], partners[near] = near, lone
            return
        end = next((face for face in beside[far] if partners[face] < 0 and face != lone), None)
        if end is not None:
            partners[lone], partners[near] = near, lone
            partners[far], partners[end] = end, far
            return
