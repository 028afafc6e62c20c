"""How far an avatar's surface lies from the person's, everywhere and where it matters most."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor

from album2avatar.body.anny_parts import anny_parts
from album2avatar.evaluation.avatar import AvatarSurface
from album2avatar.evaluation.comparison import VIEW_AZIMUTHS, side_camera, truth_picture
from album2avatar.evaluation.metrics import Floats
from album2avatar.mesh.signed_distance import ClosestPoints, DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.render.images import to_image
from album2avatar.render.shading import draw, interpolate_normals
from album2avatar.render.visibility_warp import face_ids
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.ground_truth import GroundTruth, outer_surface, outer_triangles
from album2avatar.synthetic.outer_surface import outer_points, plain_surface

POINTS = 100_000
"""Samples on each surface, as published."""
BARE = 0.004
"""Metres from the body within which a point is on skin and not on what is worn."""
PARTS: Mapping[str, tuple[str, ...]] = {"hands": ("hand.L", "hand.R"), "face": ("face",)}


def surface_errors(truth: GroundTruth, avatar: AvatarSurface) -> dict[str, float]:
    """Distances in cm between the person and an avatar that was laid on it.

    Each sampled point is measured to the other's triangles, so that the samples' own spacing
    doesn't count.

    Returns:
        `p2s` (person to avatar) and `chamfer` (mean of both ways), as in Xiu et al. 2024,
        "PuzzleAvatar", section 4.1; `hands` and `face`, p2s of the person's bare skin there.
    """
    target = torch.from_numpy(outer_surface(truth, POINTS)).float()
    there = _distances(Mesh(avatar.vertices, avatar.faces), target)
    vertices, faces = avatar.vertices.numpy(), avatar.faces.numpy()
    generator = numpy_generator(0, "evaluation", "surface points")
    own = torch.from_numpy(outer_points(plain_surface(vertices, faces), POINTS, generator)).float()
    back = _distances(_outer_mesh(truth), own)
    errors = {"p2s": 100 * float(there.mean())}
    errors["chamfer"] = (errors["p2s"] + 100 * float(back.mean())) / 2
    for name, is_there in _bare_parts(truth, target).items():
        errors[name] = 100 * float(there[is_there].mean())
    return errors


def normal_errors(truth: GroundTruth, avatar: AvatarSurface, size: int) -> dict[str, float]:
    """How differently the surfaces face, seen from four sides.

    Args:
        avatar: laid on the person.
        size: pixels of a picture's side.

    Returns:
        `normal_l2`, mean over both silhouettes' pixels of the distance between the unit normals,
        an empty pixel's being 0, so that bloat counts; `normal_degrees`, mean angle where both
        surfaces are.
    """
    distances: list[Floats] = []
    angles: list[Floats] = []
    for azimuth in VIEW_AZIMUTHS.values():
        picture = truth_picture(truth, azimuth, size)
        wanted = picture.normals / 127.5 - 1.0
        wanted /= np.linalg.norm(wanted, axis=-1, keepdims=True).clip(1e-6)
        is_person = picture.labels > 0
        wanted[~is_person] = 0.0
        cameras = side_camera(truth, azimuth)
        drawing = draw(avatar.vertices, avatar.faces, cameras, (size, size), visibility=face_ids)
        shown = interpolate_normals(drawing, avatar.vertices, cameras) * drawing.covered
        found = to_image(shown)[0].double().numpy()
        is_avatar = to_image(drawing.covered)[0, ..., 0].numpy() > 0
        distances.append(np.linalg.norm(found - wanted, axis=-1)[is_person | is_avatar])
        cosine = (found * wanted).sum(-1)[is_person & is_avatar]
        angles.append(np.degrees(np.arccos(cosine.clip(-1, 1))))
    return {
        "normal_l2": float(np.concatenate(distances).mean()),
        "normal_degrees": float(np.concatenate(angles).mean()),
    }


def _distances(mesh: Mesh, points: Tensor) -> Tensor:
    return _closest(mesh, points).signed_distance.abs()


def _closest(mesh: Mesh, points: Tensor) -> ClosestPoints:
    return DistanceField(mesh).closest(points)


def _outer_mesh(truth: GroundTruth) -> Mesh:
    vertices, faces = outer_triangles(truth)
    return Mesh(torch.from_numpy(vertices).float(), torch.from_numpy(faces).long())


def _bare_parts(truth: GroundTruth, points: Tensor) -> dict[str, Tensor]:
    """(N,) bool for each of `PARTS`: points on that part's bare skin."""
    body = torch.from_numpy(truth.body.vertices).float()
    known = anny_parts(truth.template.model, body)
    closest = _closest(Mesh(body, torch.from_numpy(truth.template.faces).long()), points)
    is_bare, vertex = closest.signed_distance.abs() < BARE, closest.nearest_vertex()
    return {
        name: is_bare & torch.stack([known[part] for part in parts]).any(0)[vertex]
        for name, parts in PARTS.items()
    }
