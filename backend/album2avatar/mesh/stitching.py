"""A part of a mesh exchanged for another surface; everything else stays as it is, to the bit."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.borders import (
    border_edges,
    border_loops,
    capped,
    compacted,
    without_branches,
    without_pinched_vertices,
    without_small_pieces,
)
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

SMALL_PIECE = 24
"""Faces below which a loose piece is a crumb."""
SMALL_RIM = 40
"""Edges up to which a rim that has no counterpart is closed by a lid."""
GAP_EDGES = 0.7
"""Distance of the new surface's rim from the old one's, in mean edge lengths of the latter: room
for the strip of triangles that joins them."""
COINCIDENT_EDGES = 0.5
"""Distance from the kept surface, in mean edge lengths, at which the new one repeats it."""
FURTHEST_EDGES = 12.0
"""Distance of two rims, there and back in mean edge lengths, beyond which they aren't joined."""
SAME_SIDE = 0.5
"""Least cosine between the normals of two surfaces that are the same."""
SEAM_RINGS = 3
"""Rings of new vertices beside the seam that are smoothed."""
SEAM_ROUNDS = 8


@dataclass(frozen=True)
class Stitched:
    """A mesh of kept and new parts."""

    mesh: Mesh
    """Closed. Kept vertices first, in their old order and bit by bit; kept faces first."""
    old_vertices: Tensor
    """(K,) int64, the old number of each kept vertex."""
    old_faces: Tensor
    """(L,) int64, the old number of each kept face."""


def replace_part(old: Mesh, kept: Tensor, new: Mesh) -> Stitched:
    """Keep some faces of a closed mesh and take the rest from another surface.

    Args:
        old: closed.
        kept: (F,) bool, the faces to keep. Crumbs and faces at pinched vertices are given up.
        new: runs along the kept faces where it meets them, roughly within an edge's length; what
            repeats them is cut away. It may be open elsewhere beyond the kept faces' rims.

    Raises:
        MeshError: the rims of the two don't belong together.
    """
    kept = without_small_pieces(old.faces, kept, SMALL_PIECE)
    kept = ~without_small_pieces(old.faces, ~kept, SMALL_PIECE // 4)
    kept = without_pinched_vertices(old.faces, kept)
    if not bool(kept.any()) or bool(kept.all()):
        raise MeshError("The swap would leave nothing, or change nothing. Choose another garment.")
    base, old_vertices = compacted(old, kept)
    edge = _mean_edge(old)
    patch = _without_repetition(new, base, edge)
    mesh = _sewn(base, patch, FURTHEST_EDGES * edge)
    _require_closed(mesh)
    return Stitched(smooth_beside(mesh, len(old_vertices)), old_vertices, kept.nonzero()[:, 0])


def zipped(first: Tensor, second: Tensor, vertices: Tensor) -> Tensor:
    """Triangles (A + B, 3) between the rims of two surfaces that face each other.

    Among all strips between the two rims the one with the shortest rungs is taken.

    Args:
        first, second: (A,) and (B,) vertices of the rims, each in its own faces' direction.
        vertices: (V, 3) of both.
    """
    one = first.flip(0)
    points, others = vertices[one].double().cpu().numpy(), vertices[second].double().cpu().numpy()
    nearest = np.square(points[0] - others).sum(1).argmin()
    two = second.roll(-int(nearest))
    others = np.roll(others, -int(nearest), 0)
    around = np.vstack([points, points[:1]]), np.vstack([others, others[:1]])
    rungs = np.square(around[0][:, None] - around[1][None]).sum(-1)
    rows, columns = rungs.shape
    cost = np.full((rows, columns), np.inf)
    cost[0] = rungs[0].cumsum()
    cost[:, 0] = rungs[:, 0].cumsum()
    for i in range(1, rows):
        for j in range(1, columns):
            cost[i, j] = rungs[i, j] + min(cost[i - 1, j], cost[i, j - 1])
    i, j = rows - 1, columns - 1
    triangles: list[list[int]] = []
    loop, other = one.tolist(), two.tolist()
    while i > 0 or j > 0:
        if j == 0 or (i > 0 and cost[i - 1, j] <= cost[i, j - 1]):
            i -= 1
            triangles.append([loop[i], loop[(i + 1) % len(loop)], other[j % len(other)]])
        else:
            j -= 1
            triangles.append([other[(j + 1) % len(other)], other[j], loop[i % len(loop)]])
    return torch.tensor(triangles, device=vertices.device)


def _mean_edge(mesh: Mesh) -> float:
    start, end = mesh.vertices[edge_table(mesh.faces).vertices].unbind(1)
    return float((start - end).norm(dim=1).mean())


def _mean_rim_edge(mesh: Mesh) -> float:
    """Metres. At head and hands faces are smaller than elsewhere."""
    start, end = mesh.vertices[border_edges(mesh.faces)].unbind(1)
    return float((start - end).norm(dim=1).mean())


def _without_repetition(new: Mesh, base: Mesh, edge: float) -> Mesh:
    """Cut away what runs along the kept faces, and a gap beside their rims.

    Args:
        edge: mean length of the old surface's edges, metres.
    """
    closest = DistanceField(base).closest(new.vertices)
    rim = border_edges(base.faces).unique()
    is_rim = torch.zeros(len(base.vertices), dtype=torch.bool, device=rim.device)
    is_rim[rim] = True
    within = ~(is_rim[closest.corners] | (closest.barycentric < 1e-5)).all(1)
    facing = (
        vertex_normals(new.vertices, new.faces)
        * closest.interpolate(vertex_normals(base.vertices, base.faces))
    ).sum(1)
    distance = (new.vertices - closest.points).norm(dim=1)
    repeated = within & (distance < COINCIDENT_EDGES * edge) & (facing > SAME_SIDE)
    from_rim = KDTree(base.vertices[rim].cpu().numpy()).query(new.vertices.cpu().numpy())[0]
    near = torch.from_numpy(from_rim).to(distance) < GAP_EDGES * _mean_rim_edge(base)
    chosen = without_branches(new.faces, ~(repeated | near)[new.faces].any(1))
    chosen = without_small_pieces(new.faces, chosen, SMALL_PIECE)
    chosen = without_pinched_vertices(new.faces, chosen)
    if not bool(chosen.any()):
        return Mesh(new.vertices[:0], new.faces[:0])
    return compacted(new, chosen)[0]


def _sewn(base: Mesh, patch: Mesh, furthest: float) -> Mesh:
    """Join the rims of both that belong together; close small ones that have no counterpart."""
    vertices = torch.cat([base.vertices, patch.vertices])
    faces = torch.cat([base.faces, patch.faces + len(base.vertices)])
    mine = border_loops(base.faces)
    theirs = [loop + len(base.vertices) for loop in border_loops(patch.faces)]
    strips = [faces]
    for loop in list(mine):
        partner = nearest_rim(loop, theirs, mine, vertices)
        if partner is None or rims_apart(loop, theirs[partner], vertices) > furthest:
            continue
        strips.append(zipped(loop, theirs[partner], vertices))
        del theirs[partner]
        mine = [other for other in mine if other is not loop]
    alone = [*mine, *theirs]
    longest = max((len(loop) for loop in alone), default=0)
    if longest > SMALL_RIM:
        raise MeshError(
            f"The new garment's rim of {longest} edges has no counterpart on the avatar. Try "
            "another seed, or a garment of another shape."
        )
    return capped(Mesh(vertices, torch.cat(strips)), alone).mesh


def nearest_rim(
    loop: Tensor, theirs: list[Tensor], mine: list[Tensor], vertices: Tensor
) -> int | None:
    """Number of the rim that is nearest to `loop`, where `loop` is also the nearest to it."""
    if not theirs:
        return None
    number = min(range(len(theirs)), key=lambda index: rims_apart(loop, theirs[index], vertices))
    nearest = min(mine, key=lambda other: rims_apart(other, theirs[number], vertices))
    return number if nearest is loop else None


def rims_apart(first: Tensor, second: Tensor, vertices: Tensor) -> float:
    """Mean distance of two rims, both ways, metres."""
    distance = torch.cdist(vertices[first], vertices[second])
    return float(distance.amin(1).mean() + distance.amin(0).mean())


def _require_closed(mesh: Mesh) -> None:
    if len(border_edges(mesh.faces)):
        raise MeshError(
            "The new garment can't be sewn to the avatar without a hole. Try another seed, or a "
            "garment of another shape."
        )


def smooth_beside(mesh: Mesh, kept: int) -> Mesh:
    """Let new vertices near the seam lie evenly; the kept ones don't move."""
    edges = edge_table(mesh.faces)
    near = torch.zeros(len(mesh.vertices), device=mesh.vertices.device)
    near[:kept] = 1.0
    start, end = edges.vertices.unbind(1)
    for _ in range(SEAM_RINGS):
        reached = near.scatter_reduce(0, start, near[end], "amax")
        near = reached.scatter_reduce(0, end, near[start], "amax")
    near[:kept] = 0.0
    vertices = mesh.vertices
    for _ in range(SEAM_ROUNDS):
        vertices = vertices + 0.5 * near[:, None] * uniform_laplacian(vertices, edges)
    return Mesh(torch.cat([mesh.vertices[:kept], vertices[kept:]]), mesh.faces)
