"""Energy of masks: cloth and hair lie outside of the body, skin lies on it."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.model import BodyModel
from album2avatar.body.skinning import skin_points
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.variables import FitVariables, bone_transforms, cameras_of
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.render.antialias import antialias
from album2avatar.render.images import to_image
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip


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
    model: BodyModel, variables: FitVariables, skin: Skin, aspects: Tensor, resolution: int
) -> Tensor:
    """Share of each pixel that the body covers, (P, R, R), row 0 at the top; differentiable.

    Args:
        aspects: (P,) of the photos; each photo is stretched to a square.
    """
    rest = model.rest(variables.shape)
    transforms = bone_transforms(model, variables, rest.heads)
    moving = transforms[:, skin.bones]
    points = skin_points(rest.vertices[skin.vertices], skin.weights, moving)
    clip = cameras_of(variables).clip_from_world(1.0).clone()
    clip[:, 0] = clip[:, 0] / aspects[:, None]
    pos = to_clip(points, clip)
    rast = rasterize(pos, skin.faces, (resolution, resolution))
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
    half_height = (variables.place[:, 2] - variables.log_focal).detach().exp()
    image_area = 4 * half_height.square() * observations.aspects
    return (outside + missed).mean((-1, -2)) * image_area
