"""The shape that is looked for when a garment is put on: signed distance and labels."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.borders import compacted, without_shreds
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.swap_cover import covering_faces
from album2avatar.wardrobe.layers import COVERS, shows_over

BLEND = 0.02
"""Metres over which what is below a garment that is taken off passes into what stays."""
INNER_CLOTH = 0.009
"""Metres between the skin and a garment that comes to light; the photos never showed it."""
INSET = 0.06
"""Metres by which the new garment gives way to what has to stay in front of it."""
WELL_INSIDE = 0.005
"""Metres below the surface from which it counts through which face the skin looks out, and not
which face is nearest; twice as far below it counts fully."""
BESIDE = 0.02
"""Metres beside what changes which are made anew: a garment's step and something of its colour are
in them, and borders need room to be smooth."""
BESIDE_FACE = 0.01
"""The same for the face, whose likeness is in its vertices."""
SHRED = 0.003
"""Square metres below which what is left of an asset isn't worth keeping."""
UNCHANGED = 0.001
"""Metres within which a place of the avatar counts as unchanged."""
WAIST_GAP = 0.08
"""Metres from a new bottom to the top across skin, which the bottom closes where the old one did:
it was cut out of its avatar where a top hid its waist."""
ON_GARMENT = 0.002
"""Metres from the new garment within which the surface belongs to it."""
_BELOW: tuple[AssetKind, ...] = ("top", "bottom", "dress", "skin")
"""What may come to light under outerwear."""
_ABOVE: Mapping[AssetKind, tuple[AssetKind, ...]] = {"bottom": ("top", "outerwear")}
"""What a kind reaches up to without bare skin between them."""


@dataclass(frozen=True)
class DressedAvatar:
    """The avatar before the swap, in the words of the table after it."""

    mesh: Mesh
    face_assets: Tensor
    """(F,) int64, index into `kinds`; -1 on what is taken off."""
    vertex_assets: Tensor
    """(V,) int64, the same for vertices."""
    kinds: tuple[AssetKind, ...]
    """Of the table after the swap."""
    garment: int
    """Index of the new garment in `kinds`."""
    body: CanonicalBody

    @property
    def may_be_covered(self) -> Tensor:
        """(F,) bool, faces that the garment may lie over."""
        return self.faces_of(COVERS[self.kinds[self.garment]])

    @property
    def shows_hidden(self) -> Tensor:
        """(F,) bool, faces over which even cloth lies that was hidden on its own avatar."""
        return self.faces_of(shows_over(self.kinds[self.garment]))

    def faces_of(self, wanted: Collection[AssetKind]) -> Tensor:
        """(F,) bool, faces that stay and are of these kinds."""
        allowed = torch.tensor([kind in wanted for kind in self.kinds])
        return allowed[self.face_assets.clamp(min=0)] & (self.face_assets >= 0)


class GarmentShape(Protocol):
    """A garment around the body that wears it."""

    @property
    def points(self) -> Tensor:
        """(N, 3) places all over the garment."""
        ...

    def signed_distance(self, points: Tensor) -> Tensor:
        """(N,) metres to the closed garment, positive outside."""
        ...

    def is_hidden(self, points: Tensor) -> Tensor:
        """(N,) bool, the nearest cloth is meant to be below other clothes."""
        ...


class SwapShape:
    """Signed distance to the avatar in its new garment, and whose surface it is."""

    def __init__(self, avatar: DressedAvatar, garment: GarmentShape) -> None:
        assets = avatar.face_assets
        self.avatar = avatar
        self._worn = garment
        self._base = DistanceField(avatar.mesh)
        self._skin = outer_surface(avatar.body)
        self._body = DistanceField(self._skin)
        self._taken = assets < 0
        self._uncovered = self._taken[covering_faces(self._skin, self._base)]
        self._free = self._taken | avatar.may_be_covered
        self._before_hidden = ~(self._taken | avatar.shows_hidden)
        self._bare = _bare_faces(avatar, self._taken)
        is_above = self._is_of(_ABOVE.get(avatar.kinds[avatar.garment], ()))
        self._above = _field_of(avatar.mesh, is_above)
        self._parts = {
            name: _field_of(avatar.mesh, faces)
            for name, faces in (
                ("taken", self._taken),
                ("kept", ~self._taken),
                ("free", self._free),
                ("held", ~self._free),
            )
        }

    def signed_distance(self, points: Tensor) -> Tensor:
        """(N,) metres, positive outside, at points (N, 3)."""
        return torch.minimum(self._under(points), self._garment(points))

    def kept_faces(self) -> Tensor:
        """(F,) bool, faces of the avatar that stay as they are."""
        mesh = self.avatar.mesh
        changed = self.signed_distance(mesh.vertices).abs() > UNCHANGED
        goes = _field_of(mesh, self._taken | changed[mesh.faces].any(1))
        if goes is None:
            return torch.ones_like(self._taken)
        margin = torch.where(self._is_of(("face",)), BESIDE_FACE, BESIDE)
        kept = _away(goes, mesh.vertices[mesh.faces].mean(1)) > margin
        return without_shreds(mesh, kept, self.avatar.face_assets, SHRED)

    def assets(self, points: Tensor) -> Tensor:
        """(N,) int64, the asset of each point (N, 3) of the new surface."""
        closest = self._base.closest(points)
        below = self.avatar.face_assets[closest.faces]
        bare = self.avatar.face_assets[self._bare.nearest(points)]
        is_garment = self._garment(points) <= self._under(points) + ON_GARMENT
        is_garment |= (below < 0) & (self._covers_skin(points) | (self._waist(points) > 0.5))
        below = torch.where(below < 0, bare, below)
        return torch.where(is_garment, self.avatar.garment, below)

    def uncovered_points(self) -> Tensor:
        """(N, 3) places of the body that come to light, however wide what is taken off was."""
        return self._skin.vertices[self._uncovered]

    def garment_points(self) -> Tensor:
        """(N, 3) places of the new garment that are not deep inside the avatar."""
        points = self._worn.points
        return points[self._under(points) > -0.5 * BLEND]

    def _is_of(self, wanted: Sequence[AssetKind]) -> Tensor:
        return _is_of(self.avatar.face_assets, self.avatar.kinds, wanted)

    def _waist(self, points: Tensor) -> Tensor:
        """(N,) 0..1, how far a point is in the gap between the new garment and what is above."""
        if self._above is None:
            return torch.zeros(len(points))
        between = _away(self._above, points) + self._worn.signed_distance(points).abs()
        return ((WAIST_GAP - between) / BLEND).clamp(0, 1)

    def _covers_skin(self, points: Tensor) -> Tensor:
        """(N,) bool, the garment lies between a point and the skin."""
        skin = self._body.closest_signed(points)
        away = skin.signed_distance.clamp(min=1e-6)[:, None]
        outward = (points - skin.points) / away
        on_skin = skin.points + torch.minimum(away, torch.tensor(INNER_CLOTH)) * outward
        return self._worn.signed_distance(on_skin) <= ON_GARMENT

    def _under(self, points: Tensor) -> Tensor:
        """Signed distance to the avatar without what is taken off."""
        base = self._base.closest_signed(points).signed_distance
        taken, kept = self._parts["taken"], self._parts["kept"]
        if taken is None or kept is None:
            return base
        thickness = torch.maximum(self._bare.thickness(points), INNER_CLOTH * self._waist(points))
        skin = self._body.closest_signed(points)
        share = ((_away(kept, points) - _away(taken, points)) / BLEND).clamp(0, 1)
        inside = (-base / WELL_INSIDE - 1).clamp(0, 1)
        uncovered = skin.interpolate(self._uncovered.float()[:, None])[:, 0]
        share = torch.maximum(share, inside * uncovered)
        return torch.lerp(base, skin.signed_distance - thickness, share)

    def _garment(self, points: Tensor) -> Tensor:
        """Signed distance to the garment, which gives way to what has to stay before it."""
        distance = self._worn.signed_distance(points)
        stays = self._before_hidden[self._base.closest(points).faces]
        distance = distance + INSET * (stays & self._worn.is_hidden(points))
        free, held = self._parts["free"], self._parts["held"]
        if held is None or free is None:
            return distance
        share = ((_away(free, points) - _away(held, points)) / BLEND).clamp(0, 1)
        return distance + INSET * share


@dataclass(frozen=True)
class _BareFaces:
    """Faces of the avatar whose asset comes to light where something is taken off."""

    faces: Tensor
    """(B,) int64."""
    field: DistanceField
    is_skin: Tensor
    """(B,) bool."""

    def nearest(self, points: Tensor) -> Tensor:
        """(N,) int64, the face nearest to each point."""
        return self.faces[self.field.closest(points).faces]

    def thickness(self, points: Tensor) -> Tensor:
        """(N,) metres that what comes to light lies off the skin."""
        is_skin = self.is_skin[self.field.closest(points).faces]
        return torch.where(is_skin, 0.0, INNER_CLOTH)


def _bare_faces(avatar: DressedAvatar, taken: Tensor) -> _BareFaces:
    kinds = avatar.kinds
    kept = ~taken
    is_outerwear = kinds[avatar.garment] == "outerwear"
    wanted: Sequence[AssetKind] = _BELOW if is_outerwear else ("skin",)
    fallbacks: tuple[Sequence[AssetKind], ...] = (wanted, ("skin",), ("face",), kinds)
    for candidates in fallbacks:
        chosen = kept & _is_of(avatar.face_assets, kinds, candidates)
        if bool(chosen.any()):
            break
    else:
        raise AssertionError("an avatar has at least one kept asset")
    faces = chosen.nonzero().squeeze(1)
    is_skin = _is_of(avatar.face_assets, kinds, ("skin", "face"))[faces]
    surface = Mesh(avatar.mesh.vertices, avatar.mesh.faces[faces])
    return _BareFaces(faces, DistanceField(surface), is_skin)


def _is_of(assets: Tensor, kinds: Sequence[AssetKind], wanted: Sequence[AssetKind]) -> Tensor:
    numbers = [index for index, kind in enumerate(kinds) if kind in wanted]
    return torch.isin(assets, torch.tensor(numbers, dtype=torch.int64))


def _field_of(mesh: Mesh, faces: Tensor) -> DistanceField | None:
    return DistanceField(compacted(mesh, faces)[0]) if bool(faces.any()) else None


def _away(field: DistanceField, points: Tensor) -> Tensor:
    return field.closest(points).distance
