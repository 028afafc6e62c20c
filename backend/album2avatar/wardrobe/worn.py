"""A pattern on another body."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.body.warp import carry_points
from album2avatar.errors import WardrobeError
from album2avatar.mesh.borders import border_edges, compacted
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.render.texture import texture
from album2avatar.wardrobe.pattern import HIDDEN, LID, PLAIN, SEEN, Pattern

CLEARANCE = 0.004
"""Metres by which cloth lies off the clothes below it at least."""
DEEPEST = 0.03
"""Metres below the avatar's surface from which cloth is still brought to the outside; what is
deeper is meant to be there, such as a shirt in trousers."""
SPACING = 0.025
"""Metres between the places by which a garment tells where it is."""
SAID = 0.3
"""How far a colour that is known from words alone is believed; the rest is the prior's."""
_RIM_ROUNDS = 10
_RIM_STEPS = (0.5, -0.53)
"""What a rim is smoothed by, inwards and outwards."""
_ROUNDS = 3
"""Times that cloth is moved outwards: where the surface is hollow, once isn't enough."""


@dataclass(frozen=True)
class SurfaceColors:
    """What is known of the colours at some points."""

    colors: Tensor
    """(N, 3) sRGB 0..1, albedo."""
    known: Tensor
    """(N,) 0..1, how surely."""


@dataclass(frozen=True)
class Ground:
    """What a garment is put on."""

    body: CanonicalBody
    surface: Mesh
    """The avatar's."""
    may_cover: Tensor
    """(F,) bool, faces of the avatar that the garment may lie over."""
    shows_hidden: Tensor
    """(F,) bool, faces over which also that cloth lies that was hidden on its own avatar."""
    off_skin: float
    """Metres between the skin and the garment at least."""


class WornPattern:
    """A garment around the body that now wears it."""

    def __init__(self, pattern: Pattern, ground: Ground) -> None:
        """
        Raises:
            WardrobeError: the garment was made on another template.
        """
        body = ground.body
        if pattern.body_kind != body.kind or len(pattern.body) != len(body.vertices):
            raise WardrobeError(
                f"The garment's shape belongs to a body of the kind '{pattern.body_kind}', the "
                f"avatar has one of the kind '{body.kind}'. Choose a garment of an avatar of the "
                "same kind."
            )
        carried = carry_points(pattern.solid.vertices, pattern.body, body.vertices)
        faces = pattern.solid.faces
        cloth = faces[pattern.face_class != LID]
        even = faired_rims(carried, cloth)
        off_skin = _off_skin(even, cloth.unique(), body, ground.off_skin)
        is_outer = (pattern.face_class == SEEN) | (pattern.face_class == PLAIN)
        field = DistanceField(ground.surface)
        hidden = faces[pattern.face_class == HIDDEN].unique()
        shown = _off_surface(off_skin, hidden, field, ground.shows_hidden)
        outside = _off_surface(shown, faces[is_outer].unique(), field, ground.may_cover)
        self._pattern = pattern
        self._solid = Mesh(outside, faces)
        self._field = DistanceField(self._solid)

    @property
    def points(self) -> Tensor:
        """(N, 3) places all over the garment, nowhere much farther apart than `SPACING`."""
        return torch.cat([self._solid.vertices, _on_large_faces(self._solid)])

    def signed_distance(self, points: Tensor) -> Tensor:
        """(N,) metres to the closed garment, positive outside."""
        return self._field.closest_signed(points).signed_distance

    def is_hidden(self, points: Tensor) -> Tensor:
        """(N,) bool, the nearest cloth is some that lay below other clothes on its own avatar."""
        return self._pattern.face_class[self._field.closest(points).faces] == HIDDEN

    def colors(self, points: Tensor) -> SurfaceColors:
        """Colours of the garment at points (N, 3) on it or near it."""
        seen = self._pattern.face_class == SEEN
        albedo = self._pattern.albedo.float() / 255
        if not bool(seen.any()):
            plain = albedo.mean((0, 1)).expand(len(points), 3)
            return SurfaceColors(plain, points.new_full((len(points),), SAID))
        closest = DistanceField(compacted(self._solid, seen)[0]).closest(points)
        corners = self._pattern.corner_uv[seen][closest.faces]
        uv = (corners * closest.barycentric[..., None]).sum(1)
        return SurfaceColors(texture(albedo, uv, "clamp"), points.new_ones(len(points)))


def faired_rims(vertices: Tensor, faces: Tensor) -> Tensor:
    """Vertices (V, 3) with smooth rims of `faces` (F, 3); a pattern is cut along triangles.

    Each step outwards makes up for the one inwards (Taubin 1995): openings keep their width.
    """
    rim = border_edges(faces)
    count = torch.bincount(rim.flatten(), minlength=len(vertices))
    is_rim = (count == 2)[:, None]
    for _ in range(_RIM_ROUNDS):
        for share in _RIM_STEPS:
            around = torch.zeros_like(vertices)
            around.index_add_(0, rim[:, 0], vertices[rim[:, 1]])
            around.index_add_(0, rim[:, 1], vertices[rim[:, 0]])
            moved = torch.lerp(vertices, around / 2, share)
            vertices = torch.where(is_rim, moved, vertices)
    return vertices


def _on_large_faces(mesh: Mesh) -> Tensor:
    """(N, 3) points of a grid on each face with an edge longer than `SPACING`, such as a lid's."""
    corners = mesh.vertices[mesh.faces]
    longest = (corners - corners.roll(1, 1)).norm(dim=2).amax(1)
    steps = (longest / SPACING).ceil().long()
    points: list[Tensor] = []
    for count in steps[steps > 1].unique().tolist():
        first, second = torch.meshgrid(
            torch.arange(count + 1), torch.arange(count + 1), indexing="ij"
        )
        inside = first + second <= count
        weights = torch.stack([first, second, count - first - second], -1)[inside] / count
        points.append((weights @ corners[steps == count]).reshape(-1, 3))
    return torch.cat(points) if points else mesh.vertices[:0]


def _off_skin(vertices: Tensor, chosen: Tensor, body: CanonicalBody, least: float) -> Tensor:
    """Move chosen vertices that touch the skin, or are below it, to `least` metres off it."""
    field = DistanceField(outer_surface(body))
    moved = vertices.clone()
    for _ in range(_ROUNDS):
        closest = field.closest_signed(moved[chosen])
        outward = _outward(moved[chosen], closest.points, closest.signed_distance)
        lacking = (least - closest.signed_distance).clamp(min=0)
        moved[chosen] = moved[chosen] + lacking[:, None] * outward
    return moved


def _off_surface(
    vertices: Tensor, chosen: Tensor, field: DistanceField, may_cover: Tensor
) -> Tensor:
    """Move chosen vertices that are a little below what the garment covers to the outside."""
    moved = vertices.clone()
    for _ in range(_ROUNDS):
        closest = field.closest_signed(moved[chosen])
        away = closest.signed_distance
        outward = _outward(moved[chosen], closest.points, away)
        concerned = may_cover[closest.faces] & (away > -DEEPEST)
        lacking = torch.where(concerned, (CLEARANCE - away).clamp(min=0), 0.0)
        moved[chosen] = moved[chosen] + lacking[:, None] * outward
    return moved


def _outward(points: Tensor, closest: Tensor, away: Tensor) -> Tensor:
    """(N, 3) unit vectors that lead away from a surface; 0 for points on it."""
    return (points - closest) / away.where(away.abs() > 1e-6, 1.0)[:, None]
