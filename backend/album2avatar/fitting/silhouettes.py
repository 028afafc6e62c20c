"""Energy of masks: cloth and hair lie outside of the body, and around it on all sides."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.model import BodyModel
from album2avatar.body.skinning import skin_points
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.variables import FitVariables, PosedBodies
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.render.antialias import antialias
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip
from album2avatar.render.visibility_warp import face_ids

CENTRING_WINDOW = 5
"""Pixels over which coarse pictures are blurred: about a limb's width of a whole person."""


@dataclass(frozen=True)
class Skin:
    """The template's outer faces, ready to be rendered often."""

    vertices: Tensor
    """(M,) int64, rows of the template's vertices."""
    faces: Tensor
    """(F, 3) int64 into `vertices`."""
    edges: EdgeTable
    bones: Tensor
    """(B,) int64, the bones that fitting turns, and the root."""
    weights: Tensor
    """(M, B) skinning weights, with those of other bones at the bone that carries them: fingers
    move with their hand. A fifth of the bones, a fifth of the work."""

    @staticmethod
    def of(model: BodyModel, faces: Tensor, surface: Tensor) -> "Skin":
        """Keep the faces whose three vertices are in `surface` (V,) bool."""
        kept = faces[surface[faces].all(-1)]
        vertices, renumbered = kept.unique(return_inverse=True)
        turned = {0, *model.joint_bones.tolist()}

        def carrier(bone: int) -> int:
            while bone not in turned:
                bone = model.parents[bone]
            return bone

        carriers = torch.tensor([carrier(bone) for bone in range(len(model.parents))])
        bones, columns = carriers.unique(return_inverse=True)
        whole = model.weights[vertices]
        weights = whole.new_zeros(len(vertices), len(bones)).index_add(1, columns, whole)
        return Skin(vertices, renumbered, edge_table(renumbered), bones, weights)


def body_coverage(
    bodies: PosedBodies, cameras: Cameras, skin: Skin, aspects: Tensor, resolution: int
) -> Tensor:
    """Share of each pixel that the body covers, (P, R, R), row 0 at the top; differentiable.

    Args:
        cameras: P cameras.
        aspects: (P,) of the photos; each photo is stretched to a square.
    """
    moving = bodies.transforms[:, skin.bones]
    points = skin_points(bodies.rest.vertices[skin.vertices], skin.weights, moving)
    clip = cameras.clip_from_world(1.0).clone()
    clip[:, 0] = clip[:, 0] / aspects[:, None]
    pos = to_clip(points, clip)
    rast = rasterize(pos, skin.faces, (resolution, resolution), face_ids)
    covered = (rast[..., 3:] > 0).to(pos.dtype)
    return to_image(antialias(covered, rast, pos, skin.faces, skin.edges))[..., 0]


def silhouette_energy(
    coverage: Tensor, observations: Observations, variables: FitVariables, loose_share: float
) -> Tensor:
    """Square metres at the person that are body outside of the mask, or skin (and, counted
    by `loose_share`, close cloth) outside of the body, (P,)."""
    outside = coverage * (1 - observations.person)
    wanted = observations.skin + loose_share * observations.close_cloth
    missed = (1 - coverage) * wanted
    return (outside + missed).mean((-1, -2)) * _image_areas(observations, variables)


def centring_energy(
    coverage: Tensor, observations: Observations, variables: FitVariables
) -> Tensor:
    """How far the body is from the middle of its clothes, (P,) square metres.

    Anywhere within wide trousers a leg covers as much. The squared difference of coarse
    pictures of leg and trousers is least where the leg is in their middle.
    """
    close = observations.skin + observations.close_cloth
    # Under coats, dresses and hats the body may be anywhere.
    hidden = (observations.person - close).clamp(0, 1)
    difference = _blurred(coverage * (1 - hidden)) - _blurred(close)
    return difference.square().mean((-1, -2)) * _image_areas(observations, variables)


def _blurred(pictures: Tensor) -> Tensor:
    """Means around each pixel of pictures (P, R, R); beyond the border lies more of the same."""
    margin = CENTRING_WINDOW // 2
    padded = F.pad(pictures[:, None], (margin,) * 4, mode="replicate")
    return F.avg_pool2d(padded, CENTRING_WINDOW, 1)[:, 0]


def _image_areas(observations: Observations, variables: FitVariables) -> Tensor:
    """Square metres at the person that each photo shows, (P,)."""
    half_height = (variables.place[:, 2] - variables.log_focal).detach().exp()
    return 4 * half_height.square() * observations.aspects
