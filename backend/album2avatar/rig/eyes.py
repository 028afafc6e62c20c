"""The template's eyes on the sculpted face.

The sculpture is one closed surface without lids, on which an eye can only be painted. What is
seen of a template's eye, the part of the eyeball between the lids, is laid over it: whites,
irises and pupils as pieces of their own, which turn with the eye bones.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.rigged import BaseColor, RiggedPart
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.types import Mesh

WHITE: BaseColor = (0.86, 0.84, 0.82)
PUPIL: BaseColor = (0.03, 0.03, 0.03)

_IRIS_SHARE = 0.4
"""Radius of the iris over that of the eyeball: 6 mm of 15."""
_PUPIL_SHARE = 0.16
_CLEARANCE = 0.0006
"""Metres by which the pieces lie before what is below them: enough for any depth buffer."""
_COVERED = 0.006
"""A surface this many metres before the eyeball is hair or glasses, not a face."""
_AROUND = 40
_RINGS = 3


@dataclass(frozen=True)
class Opening:
    """What is seen of one eye. The person faces -Y."""

    bone: int
    centre: Tensor
    """(3,) of the eyeball."""
    radius: float
    """Metres, of the eyeball."""
    reach: Tensor
    """(A,) metres from the centre to the lids, at even angles from +X towards +Z."""


def eye_parts(surface: Mesh, body: CanonicalBody, iris: BaseColor) -> tuple[RiggedPart, ...]:
    """Whites, irises and pupils of the eyes that nothing covers.

    Args:
        surface: the sculpted mesh in the canonical pose.

    Returns:
        Three parts, or none where the template has no eyes or both are covered.
    """
    openings = [
        opening for opening in eye_openings(body) if not is_covered(opening, surface)
    ]  # fmt: skip
    if not openings:
        return ()
    layers: tuple[tuple[str, float, BaseColor], ...] = (
        ("eye whites", math.inf, WHITE),
        ("irises", _IRIS_SHARE, iris),
        ("pupils", _PUPIL_SHARE, PUPIL),
    )
    return tuple(
        _part(name, openings, surface, body, outer, (1 + level) * _CLEARANCE, color)
        for level, (name, outer, color) in enumerate(layers)
    )


def eye_openings(body: CanonicalBody) -> list[Opening]:
    """Find the lids around each eyeball of the template."""
    skin = body.parts["surface"]
    rims = body.vertices[border_edges(body.faces[skin[body.faces].all(-1)])]
    openings: list[Opening] = []
    for part, keypoint in (("eye.L", "left_eye"), ("eye.R", "right_eye")):
        eyeball = body.vertices[body.parts[part]]
        if len(eyeball) == 0:
            continue
        centre = (eyeball.amax(0) + eyeball.amin(0)) / 2
        radius = float(eyeball[:, 0].amax() - eyeball[:, 0].amin()) / 2
        near = ((rims - centre).norm(dim=-1) < 2 * radius).all(-1)
        if int(near.sum()) < 3:
            continue
        bone = body.skeleton.names.index(keypoint_bones(body.kind)[keypoint])
        flat = (rims[near] - centre)[..., [0, 2]]
        openings.append(Opening(bone, centre, radius, reach_of(flat)))
    return openings


def reach_of(segments: Tensor) -> Tensor:
    """How far rays from the origin go until they leave a closed outline.

    Args:
        segments: (E, 2, 2) the outline in the plane.

    Returns:
        (A,) for `_AROUND` even angles; 0 where a ray meets nothing.
    """
    angles = torch.arange(_AROUND) * (2 * math.pi / _AROUND)
    ray = torch.stack([angles.cos(), angles.sin()], -1)[:, None]
    start, along = segments[None, :, 0], (segments[:, 1] - segments[:, 0])[None]
    # start + s * along = t * ray
    determinant = _cross(along, ray)
    safe = torch.where(determinant.abs() < 1e-12, torch.full_like(determinant, 1e-12), determinant)
    share, distance = -_cross(start, ray) / safe, -_cross(start, along) / safe
    meets = (share >= -1e-6) & (share <= 1 + 1e-6) & (distance > 0)
    return torch.where(meets, distance, torch.zeros_like(distance)).amax(-1)


def is_covered(opening: Opening, surface: Mesh) -> bool:
    """Whether something else than a face lies before the middle of the eye."""
    middle = opening.centre[None, [0, 2]]
    front = front_of(surface, middle)
    return bool(front < opening.centre[1] - opening.radius - _COVERED)


def front_of(surface: Mesh, places: Tensor) -> Tensor:
    """Smallest y of a mesh above places (N, 2) in x and z, (N,); inf where there is none."""
    corners = surface.vertices[surface.faces]
    flat = corners[..., [0, 2]]
    low, high = places.amin(0), places.amax(0)
    near = (flat.amax(1) >= low).all(-1) & (flat.amin(1) <= high).all(-1)
    a, b, c = corners[near].unbind(1)
    u, v = (b - a)[None][..., [0, 2]], (c - a)[None][..., [0, 2]]
    offset = places[:, None] - a[None][..., [0, 2]]
    area = _cross(u, v)
    area = torch.where(area.abs() < 1e-14, torch.full_like(area, 1e-14), area)
    second, third = _cross(offset, v) / area, _cross(u, offset) / area
    inside = (second >= 0) & (third >= 0) & (second + third <= 1)
    depth = a[:, 1] + second * (b - a)[:, 1] + third * (c - a)[:, 1]
    depth = torch.where(inside, depth, torch.full_like(depth, torch.inf))
    return depth.amin(-1) if depth.shape[1] else torch.full((len(places),), torch.inf)


def _part(
    name: str,
    openings: list[Opening],
    surface: Mesh,
    body: CanonicalBody,
    outer: float,
    clearance: float,
    color: BaseColor,
) -> RiggedPart:
    """One layer of both eyes: a disc within the lids, of `outer` eyeball radii at most."""
    vertices: list[Tensor] = []
    bones: list[Tensor] = []
    for opening in openings:
        disc = _disc(opening, surface, outer, clearance)
        vertices.append(disc)
        bones.append(torch.full((len(disc),), opening.bone))
    count = 1 + _RINGS * _AROUND
    faces = torch.cat([disc_faces() + index * count for index in range(len(openings))])
    weights = torch.nn.functional.one_hot(torch.cat(bones), len(body.skeleton.names)).float()
    mesh = Mesh(torch.cat(vertices), faces)
    return RiggedPart(name, mesh, None, weights, color, quads=(len(faces) // 2,))


def _disc(opening: Opening, surface: Mesh, outer: float, clearance: float) -> Tensor:
    """(1 + rings · A, 3) the middle, then rings outwards, before eyeball and surface."""
    angles = torch.arange(_AROUND) * (2 * math.pi / _AROUND)
    reach = opening.reach.clamp(max=min(outer, 0.95) * opening.radius)
    rings = torch.arange(1, _RINGS + 1)[:, None, None] / _RINGS
    ray = torch.stack([angles.cos(), angles.sin()], -1)
    flat = torch.cat([torch.zeros(1, 2), (rings * reach[:, None] * ray).reshape(-1, 2)])
    ball = opening.centre[1] - (opening.radius**2 - flat.square().sum(-1)).clamp(min=0).sqrt()
    front = front_of(surface, flat + opening.centre[[0, 2]])
    depth = torch.minimum(ball, front) - clearance
    return torch.stack([flat[:, 0] + opening.centre[0], depth, flat[:, 1] + opening.centre[2]], -1)


def disc_faces() -> Tensor:
    """(F, 3) triangles of a disc, counter-clockwise seen from -Y.

    They are quads split one after the other; around the middle, too, two make one.
    """
    here = torch.arange(_AROUND)
    following = (here + 1) % _AROUND
    faces = [torch.stack([torch.zeros_like(here), 1 + here, 1 + following], -1)]
    for ring in range(_RINGS - 1):
        inner, outer = 1 + ring * _AROUND, 1 + (ring + 1) * _AROUND
        first = torch.stack([inner + here, outer + here, outer + following], -1)
        second = torch.stack([inner + here, outer + following, inner + following], -1)
        faces.append(torch.stack([first, second], 1).reshape(-1, 3))
    return torch.cat(faces)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
