"""Which of a template's faces a surface is good for, once the template lies on it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.mesh.borders import (
    compacted,
    face_pieces,
    without_pinched_vertices,
    without_small_pieces,
)
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.quality import smallest_angles
from album2avatar.mesh.registration import Laid
from album2avatar.mesh.self_intersections import is_crossing
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

FURTHEST = 0.002
"""Metres that a vertex may stay off the surface."""
FURTHEST_BACK = 0.003
"""Metres that the surface may be off a face anywhere."""
LARGEST_OFFSET = 0.04
"""Metres that a vertex may be moved: more is a coat or long hair, whose folds a body's quads don't
follow."""
LEAST_AGREEMENT = 0.6
"""Least cosine between the normals of template and surface."""
STRETCH = 2.5
"""Factor by which a face may grow or shrink, against those around it."""
FLATTENED = 0.45
"""Least share of its smallest angle that a face may keep."""
LARGEST_HOLE = 0.005
"""Square metres; an ear has 0.003."""
SMOOTHING = 4
SMALLEST_PATCH = 160
"""Faces below which a patch of quads isn't worth a seam."""


def fits(template: Mesh, laid: Laid) -> Tensor:
    """(F,) bool, faces of a template that lie on the surface undistorted."""
    near = (
        (laid.residual < FURTHEST)
        & (laid.agreement > LEAST_AGREEMENT)
        & (laid.offset < LARGEST_OFFSET)
    )
    area = face_areas(laid.mesh) / face_areas(template)
    area = area / area.median()
    angle = smallest_angles(laid.mesh) / smallest_angles(template).clamp(min=1e-6)
    even = (area > 1 / STRETCH) & (area < STRETCH) & (angle > FLATTENED)
    return near[template.faces].all(1) & even & (laid.missed < FURTHEST_BACK)


@dataclass(frozen=True)
class Dual:
    """Which faces lie side by side, quads as one."""

    pairs: Tensor
    """(P, 2) int64 faces at an edge that isn't a quad's diagonal."""
    mate: Tensor
    """(F,) int64."""

    @classmethod
    def of(cls, faces: Tensor, mate: Tensor) -> "Dual":
        """The neighbours in a closed mesh."""
        pairs = edge_table(faces).faces
        return cls(pairs[mate[pairs[:, 0]] != pairs[:, 1]], mate)

    def whole(self, chosen: Tensor) -> Tensor:
        """Chosen faces (F,) bool without halves of quads."""
        return chosen & torch.where(self.mate >= 0, chosen[self.mate], True)

    def widened(self, chosen: Tensor) -> Tensor:
        """Chosen faces (F,) bool with those beside them."""
        touched = chosen.clone()
        start, end = self.pairs.unbind(1)
        touched[start[chosen[end]]] = True
        touched[end[chosen[start]]] = True
        return touched | torch.where(self.mate >= 0, touched[self.mate], False)

    def smoothed(self, chosen: Tensor) -> Tensor:
        """Chosen faces (F,) bool where most of what lies beside a quad decides on it."""
        start, end = self.pairs.unbind(1)
        votes = torch.zeros(len(chosen)).index_add_(0, start, chosen[end].float())
        votes = votes.index_add_(0, end, chosen[start].float())
        around = torch.bincount(self.pairs.flatten(), minlength=len(chosen)).float()
        is_quad = self.mate >= 0
        votes = votes + torch.where(is_quad, votes[self.mate], 0.0)
        around = around + torch.where(is_quad, around[self.mate], 0.0)
        share = votes / around.clamp(min=1)
        return torch.where(share > 0.5, True, torch.where(share < 0.5, False, chosen))


def tidy_patch(laid: Mesh, chosen: Tensor, dual: Dual) -> Tensor:
    """Chosen faces (F,) bool as patches with smooth rims, whole quads and no crossings.

    Small holes are filled: nostrils, ears and lips, whose folds no sculpture has, lie smoothly on
    the template too.
    """
    for _ in range(SMOOTHING):
        chosen = dual.smoothed(chosen)
    chosen = without_small_holes(laid, chosen, LARGEST_HOLE)
    for _ in range(SMOOTHING):
        crossing = crossing_within(laid, chosen)
        if not bool(crossing.any()):
            break
        chosen = chosen & ~dual.widened(dual.widened(crossing))
    return settled_patch(laid.faces, chosen, dual)


def without_small_holes(laid: Mesh, chosen: Tensor, largest: float) -> Tensor:
    """Chosen faces (F,) bool with those of holes up to `largest` square metres."""
    rows = (~chosen).nonzero().squeeze(1)
    if len(rows) == 0:
        return chosen
    piece = face_pieces(laid.faces[rows])
    areas = torch.zeros(int(piece.max()) + 1).index_add(0, piece, face_areas(laid)[rows])
    result = chosen.clone()
    result[rows[areas[piece] < largest]] = True
    return result


def settled_patch(faces: Tensor, chosen: Tensor, dual: Dual) -> Tensor:
    """Chosen faces (F,) bool of whole quads, without crumbs, each rim passing a vertex once."""
    while True:
        before = chosen
        chosen = dual.whole(without_pinched_vertices(faces, chosen))
        chosen = without_small_pieces(faces, chosen, SMALLEST_PATCH)
        if bool((chosen == before).all()):
            return chosen


def crossing_within(laid: Mesh, chosen: Tensor) -> Tensor:
    """(F,) bool, chosen faces that cross other chosen ones."""
    result = torch.zeros_like(chosen)
    if bool(chosen.any()):
        result[chosen.nonzero().squeeze(1)] = is_crossing(compacted(laid, chosen)[0])
    return result


def patches_of(faces: Tensor, chosen: Tensor) -> list[Tensor]:
    """Each connected patch as (F,) bool, the largest first."""
    rows = chosen.nonzero().squeeze(1)
    if len(rows) == 0:
        return []
    piece = face_pieces(faces[rows])
    found: list[Tensor] = []
    numbers, counts = piece.unique(return_counts=True)
    for number in numbers[counts.argsort(descending=True)].tolist():
        one = torch.zeros_like(chosen)
        one[rows[piece == number]] = True
        found.append(one)
    return found
