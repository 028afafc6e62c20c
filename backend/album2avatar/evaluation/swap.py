"""How near a garment swap comes to the person who really puts the garment on."""

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import PIXEL_CLASSES, AssetKind
from album2avatar.body.rigged import load_rigged
from album2avatar.evaluation.avatar import load_avatar
from album2avatar.evaluation.comparison import (
    VIEW_AZIMUTHS,
    Comparison,
    compare,
    side_camera,
    truth_picture,
)
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import load_texture
from album2avatar.render.baking import covered_texels
from album2avatar.render.shading import draw
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.ground_truth import GroundTruth, ground_truth_to_cuts
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.regions import Cut
from album2avatar.synthetic.template import load_template
from album2avatar.workspace import Workspace

_POINTS = 20_000
_OWN_CUTS: dict[AssetKind, tuple[Cut, ...]] = {
    "top": (Cut.TOP_SLEEVE, Cut.TOP_NECK, Cut.TOP_HEM),
    "bottom": (Cut.WAIST, Cut.LEG_END),
    "outerwear": (Cut.OUTER_SLEEVE, Cut.OUTER_NECK, Cut.OUTER_HEM, Cut.OUTER_OPEN),
    "shoes": (Cut.SHOE_TOP,),
}
"""Where a kind of garment ends."""


@dataclass(frozen=True)
class GarmentMatch:
    """One garment on an avatar against the same garment in the truth."""

    color_difference: float
    """Median ΔE*ab over the pixels that show the garment in the truth."""
    region_iou: float
    """Intersection over union of the garment's pixels over all views."""
    comparison: Comparison


@dataclass(frozen=True)
class Isolation:
    """How much changed outside of what a swap made anew."""

    kept_share: float
    """Share of the base's faces that the variant keeps."""
    vertex_change: float
    """Largest change of a kept vertex, metres."""
    uv_change: float
    """Largest change of a kept corner's texture coordinates."""
    texel_change: float
    """Largest change of a texel of the kept faces, 0..1."""
    weight_change: float
    """Largest change of a kept vertex's skinning weight."""


def redressed(person: Person, other: Person, kind: AssetKind) -> Person:
    """The person in the other's garment, cut and coloured as on the other.

    Raises:
        ValueError: the kind is none that synthetic people exchange.
    """
    cut = {"looseness": other.looseness, "hem": other.hem, "color_shift": other.color_shift}
    if kind == "hair":
        names = ("hair", "hair_color", "hair_length")
        return replace(person, **{name: getattr(other, name) for name in names})
    if kind not in ("top", "bottom", "outerwear", "shoes", "headwear"):
        raise ValueError(f"{kind} can't be exchanged")
    return replace(person, **{kind: getattr(other, kind)}, **cut)


def redressed_truth(person: Person, other: Person, kind: AssetKind) -> GroundTruth:
    """The re-dressed person; what else is worn ends where it did, tucked in or not."""
    template = load_template()
    after = redressed(person, other, kind)
    cuts = outfit_cuts(template, person)
    changed = outfit_cuts(template, after)
    own = _OWN_CUTS.get(kind, ())
    cuts[list(own)] = changed[list(own)]
    return ground_truth_to_cuts(after, cuts)


def match_garment(
    avatar: Workspace, truth: GroundTruth, kind: AssetKind, size: int
) -> GarmentMatch:
    """Compare an avatar's garment with the truth, from four sides.

    Args:
        size: pixels of a picture's side.
    """
    comparison = compare(truth, load_avatar(avatar), None, size, _POINTS)
    number = PIXEL_CLASSES.index(kind)
    both, either = 0, 0
    for azimuth in VIEW_AZIMUTHS.values():
        wanted = truth_picture(truth, azimuth, size).labels == number
        shown = _garment_pixels(avatar, truth, comparison, kind, azimuth, size)
        both += int(np.count_nonzero(wanted & shown))
        either += int(np.count_nonzero(wanted | shown))
    return GarmentMatch(
        comparison.color_differences.get(kind, float("nan")), both / max(either, 1), comparison
    )


def measure_isolation(base: Workspace, variant: Workspace) -> Isolation:
    """Compare what a variant keeps with its base; every number but the share should be 0."""
    old, new = load_mesh(base.painted), load_mesh(variant.painted)
    extras = load_mesh(variant.sculpt).extras
    vertices = extras["old_vertex"][extras["old_vertex"] >= 0]
    faces = extras["old_face"][extras["old_face"] >= 0]
    assert old.uv is not None
    assert new.uv is not None
    kept_uv = replace(new.uv, faces=new.uv.faces[: len(faces)])
    before, after = load_texture(base.albedo), load_texture(variant.albedo)
    covered = covered_texels(kept_uv, (before.shape[0], before.shape[1]))
    old_weights = load_rigged(base.rigged).parts[0].weights[vertices]
    new_weights = load_rigged(variant.rigged).parts[0].weights[: len(vertices)]
    return Isolation(
        len(faces) / len(old.mesh.faces),
        _largest(new.mesh.vertices[: len(vertices)] - old.mesh.vertices[vertices]),
        _largest(kept_uv.coordinates[kept_uv.faces] - old.uv.coordinates[old.uv.faces[faces]]),
        _largest((after - before)[covered]),
        _largest(new_weights - old_weights),
    )


def _garment_pixels(
    avatar: Workspace,
    truth: GroundTruth,
    comparison: Comparison,
    kind: AssetKind,
    azimuth: float,
    size: int,
) -> np.ndarray:
    """(size, size) bool, row 0 at the top: where the avatar shows its garment."""
    painted = load_mesh(avatar.painted)
    place = [asset.kind for asset in load_asset_table(avatar).assets].index(kind)
    moved = comparison.similarity.apply(painted.mesh.vertices.numpy())
    mesh = Mesh(torch.from_numpy(moved).float(), painted.mesh.faces)
    drawing = draw(mesh.vertices, mesh.faces, side_camera(truth, azimuth), (size, size))
    face = drawing.rast[0, ..., 3].long().flip(0) - 1
    is_garment = painted.extras["face_asset"] == place
    return (is_garment[face.clamp(min=0)] & (face >= 0)).numpy()


def _largest(difference: Tensor) -> float:
    return float(difference.abs().max())
