"""Where a face is to be seen: its mask says where the head is and which way it looks, also where
eyes were found in the wrong place."""

from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.silhouettes import Skin
from album2avatar.fitting.variables import FitVariables, PosedBodies, project

FACE_AREA = 0.016
"""Square metres of a face seen from the front, without hair and neck."""
_SPREAD = 0.01
"""Metres by which the centres of template and mask differ in right poses: 0.7 cm in 30 front views
of seven fitted people, 1.2 cm in 27 side views."""
_REACH = 0.06
"""Metres beyond which the mask is taken for a mistake."""


def face_centre_energy(
    bodies: PosedBodies, variables: FitVariables, face: Skin, observations: Observations
) -> Tensor:
    """Energy of a face that is elsewhere than its mask, (P,); 0 where no face is seen.

    A sliver of a cheek says little: a mask counts by the share of the face that it shows.

    Args:
        face: the template's face.
    """
    metres = (variables.place[:, 2] - variables.log_focal).detach().exp()
    wanted = observations.face_centre.nan_to_num()
    away = face_centres(bodies, variables.log_focal, face) - wanted
    squared = away.square().sum(-1) * metres.square()
    share = (observations.face_area.nan_to_num() * metres.square() / FACE_AREA).clamp(max=1.0)
    weight = share * ~observations.face_centre.isnan().any(-1)
    return 0.5 * weight * squared / (1 + squared / _REACH**2) / _SPREAD**2


def face_centres(bodies: PosedBodies, log_focal: Tensor, face: Skin) -> Tensor:
    """Centre of the part of the face that looks at each camera, (P, 2) in half image heights.

    A face hides next to nothing of itself, so that triangles weigh as much as they cover; those
    that look away don't. Differentiable, and without rasterizing. From behind it is the middle of
    all.
    """
    moving = bodies.transforms[:, face.bones]
    posed = skin_points(bodies.rest.vertices[face.vertices], face.weights, moving)
    points = project(posed, log_focal)
    corners = points[:, face.faces]  # (P, F, 3, 2)
    first, second = corners[:, :, 1] - corners[:, :, 0], corners[:, :, 2] - corners[:, :, 0]
    doubled = first[..., 0] * second[..., 1] - first[..., 1] * second[..., 0]
    weights = doubled.clamp(min=0) + 1e-9
    middle = corners.mean(2)
    return (weights[..., None] * middle).sum(1) / weights.sum(1, keepdim=True)
