"""The body's closed skin with a UV map, and how far each vertex may leave it."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.skinning.transfer import skin_weights

REACH = 0.12
"""Metres that clothes and hair may lie off the body; a draft makes no ball gown."""
INWARD = 0.012
"""Metres that the surface may lie below the fitted body, which is a bit too thick at times."""
BARE_REACH = 0.003
"""The same for hands and faces, on which fitting is better than a mask's outline."""
SHOE_REACH = 0.02
_PROBES = 12
_OWN_SHARE = 0.7
"""A probe belongs to the vertex while the body is at least this share of its way off."""


@dataclass(frozen=True)
class DraftTemplate:
    """What is displaced."""

    mesh: Mesh
    """Closed, canonical."""
    uv: UvMap | None
    """None where the template has none."""
    weights: Tensor
    """(V, J) skinning weights."""
    normals: Tensor
    """(V, 3) along which a vertex is displaced."""
    lowest: Tensor
    """(V,) metres."""
    highest: Tensor
    """(V,) metres."""


def make_template(body: CanonicalBody, kinds: Iterable[AssetKind]) -> DraftTemplate:
    """Close the body's skin and say how far it may be displaced.

    Args:
        kinds: of what the person wears.
    """
    mesh = outer_surface(body)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    highest = torch.minimum(free_way(mesh, normals), torch.tensor(REACH))
    lowest = torch.full_like(highest, -INWARD)
    feet = SHOE_REACH if "shoes" in set(kinds) else BARE_REACH
    skin = body.parts["surface"]
    for part, reach in (
        ("face", BARE_REACH),
        ("hand.L", BARE_REACH),
        ("hand.R", BARE_REACH),
        ("foot.L", feet),
        ("foot.R", feet),
    ):
        held = torch.cat(
            [body.parts[part][skin], skin.new_zeros(len(mesh.vertices) - int(skin.sum()))]
        )
        highest = torch.where(held, highest.clamp(max=reach), highest)
        lowest = torch.where(held, -BARE_REACH, lowest)
    added = torch.arange(len(mesh.vertices)) >= int(skin.sum())
    highest = torch.where(added, BARE_REACH, highest)
    return DraftTemplate(
        mesh, _closed_uv(body, mesh), skin_weights(body, mesh), normals, lowest, highest
    )


def free_way(mesh: Mesh, normals: Tensor) -> Tensor:
    """Metres (V,) along the normals before another part of the surface is as near: an arm's inner
    side may not grow into the chest."""
    field = DistanceField(mesh)
    way = torch.full((len(mesh.vertices),), REACH)
    for probe in range(_PROBES, 0, -1):
        length = REACH * probe / _PROBES
        away = field.closest(mesh.vertices + length * normals).signed_distance
        blocked = away < _OWN_SHARE * length
        way = torch.where(blocked, torch.tensor(length - REACH / _PROBES), way)
    return way


def _closed_uv(body: CanonicalBody, mesh: Mesh) -> UvMap | None:
    """The template's UV map, in which the fans over eyes and mouth fill their holes."""
    if len(body.uv_coordinates) == 0:
        return None
    skin = body.parts["surface"]
    kept = skin[body.faces].all(-1)
    own = body.uv_faces[kept]
    renumber = torch.full((len(skin),), -1, dtype=torch.int64)
    renumber[skin] = torch.arange(int(skin.sum()))
    faces = renumber[body.faces[kept]]
    fans = mesh.faces[len(faces) :]
    if len(fans) == 0:
        return UvMap(body.uv_coordinates, own)
    # Each corner of a rim has the texture coordinates of the face beside it.
    place: dict[tuple[int, int], tuple[int, int]] = {}
    for face, corners in zip(faces.tolist(), own.tolist(), strict=True):
        for k in range(3):
            place[face[k], face[(k + 1) % 3]] = (corners[k], corners[(k + 1) % 3])
    coordinates, rows = [body.uv_coordinates], []
    centres = fans[:, 2].unique().tolist()
    number = {centre: len(body.uv_coordinates) + index for index, centre in enumerate(centres)}
    rims: dict[int, list[int]] = {centre: [] for centre in centres}
    for start, end, centre in fans.tolist():
        last, first = place[end, start]
        rows.append([first, last, number[centre]])
        rims[centre] += [first, last]
    middles = [body.uv_coordinates[torch.tensor(rims[centre])].mean(0) for centre in centres]
    coordinates.append(torch.stack(middles))
    return UvMap(torch.cat(coordinates), torch.cat([own, torch.tensor(rows)]))
