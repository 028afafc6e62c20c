"""Where an artist would cut a dressed body for its texture: by parts, where seams show least."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.limb_bones import limb_of_bones
from album2avatar.body.surface import nearest_body_vertices, outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

REGIONS: tuple[str, ...] = (
    "torso front",
    "torso back",
    "face",
    "back of head",
    "arm.L",
    "arm.R",
    "palm.L",
    "palm.R",
    "back of hand.L",
    "back of hand.R",
    "leg.L",
    "leg.R",
    "instep.L",
    "instep.R",
    "sole.L",
    "sole.R",
)
_STARTS: Mapping[str, str] = {
    "neck": "head",
    "left_shoulder": "arm.L",
    "right_shoulder": "arm.R",
    "left_wrist": "hand.L",
    "right_wrist": "hand.R",
    "left_hip": "leg.L",
    "right_hip": "leg.R",
    "left_ankle": "foot.L",
    "right_ankle": "foot.R",
}
"""Keypoint to the limb that begins at it; what begins nowhere is the torso."""
_LIMBS: tuple[str, ...] = ("torso", *_STARTS.values())
_HALVES: Mapping[str, tuple[str, str]] = {
    "torso": ("torso front", "torso back"),
    "head": ("face", "back of head"),
    "arm.L": ("arm.L", "arm.L"),
    "arm.R": ("arm.R", "arm.R"),
    "hand.L": ("palm.L", "back of hand.L"),
    "hand.R": ("palm.R", "back of hand.R"),
    "leg.L": ("leg.L", "leg.L"),
    "leg.R": ("leg.R", "leg.R"),
    "foot.L": ("instep.L", "sole.L"),
    "foot.R": ("instep.R", "sole.R"),
}
"""A limb's regions: where its side (see `_sides`) is negative, and where it isn't."""
_DENSITY: Mapping[str, float] = {
    "face": 2.0,
    "back of head": 2.0,
    "palm.L": 1.3,
    "palm.R": 1.3,
    "back of hand.L": 1.3,
    "back of hand.R": 1.3,
}
"""Texels along a line, against the trunk's: faces and hands are looked at closely."""
_HIDDEN: Mapping[str, tuple[float, float, float]] = {
    "torso": (0.0, 0.5, -1.0),
    "head": (0.0, 1.0, 0.0),
    "arm.L": (-1.0, 0.3, -1.0),
    "arm.R": (1.0, 0.3, -1.0),
    "hand.L": (-1.0, 0.0, -1.0),
    "hand.R": (1.0, 0.0, -1.0),
    "leg.L": (-1.0, 0.3, 0.0),
    "leg.R": (1.0, 0.3, 0.0),
    "foot.L": (-1.0, 1.0, -0.5),
    "foot.R": (1.0, 1.0, -0.5),
}
"""The side of each limb that is seen least; the person's left is +X."""
_EAR_BEHIND = 0.7
"""Share of a head's depth, from the front, that is face: its border runs behind the ears."""
_SOLE = 0.6
"""How far down a sole's normal points."""
_EVENNESS, _LIGHTLY = 30, 3
"""Smoothing steps of normals: sides of the trunk, sides of thin fingers and feet."""
_LEAST_SEEN = 0.1
"""What a seam costs where it is seen least, against where it is seen most."""


@dataclass(frozen=True)
class ChartRegions:
    """How a surface near a body is wanted to be cut."""

    scores: Tensor
    """(V, R) how much each vertex is of each region; the largest decides."""
    shows: Tensor
    """(V,) 0..1, how much a seam there would be seen."""
    density: Tensor
    """(R,) texels along a line, against those of the trunk."""


def chart_regions(mesh: Mesh, body: CanonicalBody) -> ChartRegions:
    """Find the regions of a closed surface around a body in its rest pose."""
    skin = outer_surface(body)
    limbs = _limb_weights(body)
    on_skin = limbs[nearest_body_vertices(body, skin)]
    shares = DistanceField(skin).closest(mesh.vertices).interpolate(on_skin)
    edges = edge_table(mesh.faces)
    lightly = vertex_normals(mesh.vertices, mesh.faces)
    for _ in range(_LIGHTLY):
        lightly = lightly + uniform_laplacian(lightly, edges)
        shares = shares + uniform_laplacian(shares, edges)
    even = lightly
    for _ in range(_EVENNESS):
        even = even + uniform_laplacian(even, edges)
    lightly, even = (F.normalize(normals, dim=1, eps=1e-12) for normals in (lightly, even))
    sides = _sides(mesh, body, limbs, lightly, even)
    scores = torch.zeros(len(mesh.vertices), len(REGIONS))
    for index, limb in enumerate(_LIMBS):
        first, second = (REGIONS.index(name) for name in _HALVES[limb])
        if first == second:
            scores[:, first] = shares[:, index]
            continue
        # Half of the share lies on either side of the border: limbs meet where they did.
        side = sides[:, index].clamp(-1, 1)
        scores[:, first] = shares[:, index] * (1 - side.clamp(min=0))
        scores[:, second] = shares[:, index] * (1 + side.clamp(max=0))
    hidden = F.normalize(torch.tensor([_HIDDEN[limb] for limb in _LIMBS]), dim=1)
    away = (1 - (even * hidden[shares.argmax(1)]).sum(1)) / 2
    shows = _LEAST_SEEN + (1 - _LEAST_SEEN) * away.square()
    density = torch.tensor([_DENSITY.get(region, 1.0) for region in REGIONS])
    return ChartRegions(scores, shows, density)


def _limb_weights(body: CanonicalBody) -> Tensor:
    """(V, L) how far each of the body's vertices belongs to each limb."""
    bones = keypoint_bones(body.kind)
    begins = {bones[keypoint]: _LIMBS.index(limb) for keypoint, limb in _STARTS.items()}
    summed = body.weights.new_zeros(len(body.weights), len(_LIMBS))
    return summed.index_add(1, limb_of_bones(body.skeleton, begins), body.weights)


def _sides(mesh: Mesh, body: CanonicalBody, limbs: Tensor, lightly: Tensor, even: Tensor) -> Tensor:
    """(V, L) for each limb with two regions a number that changes its sign between them."""
    sides = torch.ones(len(mesh.vertices), len(_LIMBS))
    sides[:, _LIMBS.index("torso")] = even[:, 1]
    sides[:, _LIMBS.index("head")] = _behind_ears(mesh, body, limbs)
    of_limb = limbs.argmax(1)
    for limb in ("hand.L", "hand.R"):
        points = body.vertices[of_limb == _LIMBS.index(limb)]
        if len(points) == 0:
            continue
        flat = torch.linalg.svd(points - points.mean(0), full_matrices=False)[2][2]
        sides[:, _LIMBS.index(limb)] = lightly @ (flat * flat[2].sign())
    for limb in ("foot.L", "foot.R"):
        sides[:, _LIMBS.index(limb)] = -lightly[:, 2] - _SOLE
    return sides


def _behind_ears(mesh: Mesh, body: CanonicalBody, limbs: Tensor) -> Tensor:
    """(V,) decimetres behind a surface that runs from behind the ears down the neck's sides."""
    bones, names = keypoint_bones(body.kind), body.skeleton.names
    if bones["neck"] not in names:  # then nothing is the head's
        return torch.zeros(len(mesh.vertices))
    neck = body.skeleton.heads[names.index(bones["neck"])]
    of_head = (limbs.argmax(1) == _LIMBS.index("head")) & body.parts["head"]
    head = body.vertices[of_head & body.parts["surface"]]
    middle = (head[:, 2].amin() + head[:, 2].amax()) / 2
    front, back = head[:, 1].aminmax()
    border = torch.lerp(front, back, _EAR_BEHIND)
    height = ((mesh.vertices[:, 2] - neck[2]) / (middle - neck[2]).clamp(min=1e-3)).clamp(0, 1)
    return 10 * (mesh.vertices[:, 1] - torch.lerp(neck[1], border, height))
