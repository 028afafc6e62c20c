"""How far an avatar's surface lies from the person's, everywhere and where it matters most."""

import numpy as np
import torch
from torch import Tensor

from album2avatar.evaluation.avatar import AvatarSurface, avatar_mesh
from album2avatar.evaluation.comparison import VIEW_AZIMUTHS, side_camera, truth_picture
from album2avatar.evaluation.metrics import Floats
from album2avatar.evaluation.synthioi.person import POINTS, Reference
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.render.images import to_image
from album2avatar.render.shading import draw, interpolate_normals
from album2avatar.render.visibility_warp import face_ids
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.ground_truth import GroundTruth
from album2avatar.synthetic.outer_surface import outer_points, plain_surface


def surface_errors(person: Reference, avatar: AvatarSurface) -> dict[str, float]:
    """Distances in cm between the person and an avatar that was laid on it.

    Each sampled point is measured to the other's triangles, so that the samples' own spacing
    doesn't count.

    Returns:
        `p2s` (person to avatar) and `chamfer` (mean of both ways), as in Xiu et al. 2024,
        "PuzzleAvatar", section 4.1; `hands` and `face`, p2s of the person's bare skin there.
    """
    there = _distances(avatar_mesh(avatar), person.points)
    drawn = plain_surface(avatar.vertices.numpy(), avatar.faces.numpy())
    generator = numpy_generator(0, "evaluation", "surface points")
    own = torch.from_numpy(outer_points(drawn, POINTS, generator)).float()
    p2s, back = float(there.mean()), float(_distances(person.outer, own).mean())
    parts = {name: 100 * float(there[is_there].mean()) for name, is_there in person.bare.items()}
    return {"p2s": 100 * p2s, "chamfer": 50 * (p2s + back), **parts}


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
    """(N,) metres from points to a mesh's triangles."""
    return DistanceField(mesh).closest(points).distance
