"""A patch of a laid template put in the place of the surface below it."""

from dataclasses import dataclass

import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.borders import (
    border_edges,
    border_loops,
    compacted,
    face_pieces,
    without_branches,
    without_pinched_vertices,
    without_small_pieces,
)
from album2avatar.mesh.holes import filled_rim
from album2avatar.mesh.quads import mates_of_rows
from album2avatar.mesh.self_intersections import is_crossing
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.soundness import euler_characteristic, flaws_of
from album2avatar.mesh.stitching import nearest_rim, rims_apart, smooth_beside, zipped
from album2avatar.mesh.types import Mesh

GAP_EDGES = 0.7
"""Room between the rims for the strip that joins them, in mean edges of the patch's rim."""
FURTHEST_EDGES = 12.0
"""Distance of two rims, there and back in that unit, beyond which they don't belong together."""
LARGEST_LID = 120
"""Edges up to which a rim without counterpart is closed: lips, lids, a lost toe."""
CRUMB = 60
"""Faces below which a piece that the cut leaves is dropped."""


class CrossingSeamError(MeshError):
    """The patch, with what joins it to the rest, would cross itself or the rest."""

    def __init__(self, places: Tensor) -> None:
        super().__init__(f"{len(places)} faces would cross")
        self.places = places
        """(N, 3) metres, where."""


@dataclass(frozen=True)
class QuadMesh:
    """Triangles of which some are halves of quads."""

    mesh: Mesh
    mate: Tensor
    """(F,) int64, see `mesh.quads`."""
    template_face: Tensor
    """(F,) int64, the template's face that each one is; -1 for others."""


def graft(ground: QuadMesh, laid: Mesh, mate: Tensor, patch: Tensor, depth: Tensor) -> QuadMesh:
    """Replace what lies under a patch of a template by the patch.

    Args:
        ground: closed, one piece.
        laid: the template as it lies on the ground, closed.
        mate: (T,) of the template.
        patch: (T,) bool, a connected set of its faces whose rims pass each vertex once.
        depth: (T,) metres around each of its faces within which the ground is what it replaces.

    Returns:
        One closed piece, with as many handles as the ground or fewer: the patch's faces first.

    Raises:
        MeshError: the rims don't fit, or the result would be unsound or cross itself.
    """
    base, _ = compacted(laid, patch)
    rim = base.vertices[border_edges(base.faces)]
    edge = float((rim[:, 0] - rim[:, 1]).norm(dim=1).mean())
    left = _outside(ground.mesh, laid, patch, depth, base, GAP_EDGES * edge)
    left = _reached(ground.mesh, left, base, FURTHEST_EDGES * edge)
    # Quads of an earlier patch stay whole or become triangles.
    rest, _ = compacted(ground.mesh, left)
    rows = left.nonzero().squeeze(1)
    whole = smooth_beside(_joined(base, rest, FURTHEST_EDGES * edge), len(base.vertices))
    is_new = torch.ones(len(whole.faces), dtype=torch.bool)
    is_new[len(base.faces) : len(base.faces) + len(rest.faces)] = False
    _require_sound(whole, ground.mesh, is_new)
    chosen = patch.nonzero().squeeze(1)
    added = len(whole.faces) - len(base.faces) - len(rest.faces)
    old = mates_of_rows(ground.mate, rows)
    nothing = torch.full((added,), -1, dtype=torch.int64)
    return QuadMesh(
        whole,
        torch.cat([
            mates_of_rows(mate, chosen),
            torch.where(old >= 0, old + len(chosen), -1),
            nothing,
        ]),
        torch.cat([chosen, ground.template_face[rows], nothing]),
    )  # fmt: skip


def _outside(
    ground: Mesh, laid: Mesh, patch: Tensor, depth: Tensor, base: Mesh, gap: float
) -> Tensor:
    """(F,) bool, the ground's faces that a patch doesn't replace."""
    closest = DistanceField(laid).closest(ground.vertices)
    covered = patch[closest.faces] & (closest.distance < depth[closest.faces])
    rim = base.vertices[border_edges(base.faces).unique()]
    if len(rim) > 0:
        distance = KDTree(rim.cpu().numpy()).query(ground.vertices.cpu().numpy())[0]
        covered |= torch.from_numpy(distance).to(depth) < gap
    left = ~covered[ground.faces].any(1)
    left = ~without_small_pieces(ground.faces, ~left, CRUMB)
    left = without_small_pieces(ground.faces, left, CRUMB)
    left = without_pinched_vertices(ground.faces, without_branches(ground.faces, left))
    if not bool(left.any()):
        raise MeshError("nothing of the sculpted surface is left beside it")
    return left


def _reached(ground: Mesh, left: Tensor, base: Mesh, furthest: float) -> Tensor:
    """(F,) bool, the faces that are left, but for pieces that no rim of the patch leads to."""
    rest, used = compacted(ground, left)
    seams, _, _ = _rim_pairs(base, rest, furthest)
    starts = [int(theirs[0]) - len(base.vertices) for _, theirs in seams]
    if not starts:
        raise MeshError("its rims lie too far from the sculpted surface")
    piece = face_pieces(rest.faces)
    of_vertex = torch.zeros(len(used), dtype=torch.int64)
    of_vertex[rest.faces] = piece[:, None]
    reached = torch.isin(piece, of_vertex[torch.tensor(starts)])
    result = left.clone()
    result[left.nonzero().squeeze(1)[~reached]] = False
    return result


def _rim_pairs(
    base: Mesh, rest: Mesh, furthest: float
) -> tuple[list[tuple[Tensor, Tensor]], list[Tensor], list[Tensor]]:
    """Rims that belong together, and those of either mesh that are alone.

    Vertices are numbered as if those of `rest` came after those of `base`.
    """
    vertices = torch.cat([base.vertices, rest.vertices])
    mine = border_loops(base.faces)
    theirs = [loop + len(base.vertices) for loop in border_loops(rest.faces)]
    seams: list[tuple[Tensor, Tensor]] = []
    alone: list[Tensor] = []
    for loop in sorted(mine, key=len, reverse=True):
        number = nearest_rim(loop, theirs, mine, vertices)
        if number is None or rims_apart(loop, theirs[number], vertices) > furthest:
            alone.append(loop)
            continue
        seams.append((loop, theirs.pop(number)))
    return seams, alone, theirs


def _joined(base: Mesh, rest: Mesh, furthest: float) -> Mesh:
    """Faces of both, then strips between their rims and lids over what is alone."""
    seams, alone, theirs = _rim_pairs(base, rest, furthest)
    longest = max((len(loop) for loop in theirs), default=0)
    if longest > LARGEST_LID:
        raise MeshError(f"a rim of {longest} edges on the sculpted surface has no counterpart")
    longest = max((len(loop) for loop in alone), default=0)
    if longest > LARGEST_LID:
        raise MeshError(f"a rim of {longest} edges has no counterpart on the sculpted surface")
    vertices = torch.cat([base.vertices, rest.vertices])
    faces = [base.faces, rest.faces + len(base.vertices)]
    faces += [zipped(mine, other, vertices) for mine, other in seams]
    joined = torch.cat(faces)
    lids = [filled_rim(loop, vertices, joined) for loop in (*alone, *theirs)]
    return Mesh(vertices, torch.cat([joined, *lids]))


def _require_sound(mesh: Mesh, ground: Mesh, is_new: Tensor) -> None:
    """Refuse a result that is unsound, or in which new faces (F,) bool cross others."""
    flaws = flaws_of(mesh)
    if flaws:
        raise MeshError("; ".join(flaws))
    if euler_characteristic(mesh) < euler_characteristic(ground):
        raise MeshError("the seam would make a handle")
    crossing = is_crossing(mesh)
    # The sculpted surface may cross itself already, far from the patch.
    if bool((crossing & is_new).any()):
        raise CrossingSeamError(mesh.vertices[mesh.faces[crossing & is_new]].mean(1))
