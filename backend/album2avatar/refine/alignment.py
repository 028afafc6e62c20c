"""Shape and poses at which the avatar, seen from each photo's camera, looks like the photo."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.projection.light import brightness
from album2avatar.refine.photo_pictures import PhotoPicture
from album2avatar.refine.pose_corrections import (
    CorrectedSkeleton,
    PoseCorrection,
    corrected_transforms,
)
from album2avatar.render.camera import Cameras
from album2avatar.render.interpolate import interpolate
from album2avatar.render.shading import draw, interpolate_normals
from album2avatar.render.texture import texture
from album2avatar.render.visibility_warp import face_ids

COLOR_SCALE = 0.1
"""Difference in sRGB beyond which colours count as simply different: a logo that is elsewhere
must not pull harder the more its colour stands out."""


@dataclass(frozen=True)
class Model:
    """What does not change while shape and poses are aligned."""

    mesh: Mesh
    """Canonical; where its vertices were before."""
    uv: UvMap
    edges: EdgeTable
    weights: Tensor
    """(V, J) skinning weights."""
    shares: Tensor
    """(V, K) share of each asset; rows sum to 1."""
    skeleton: CorrectedSkeleton
    poses: PhotoPoses


@dataclass(frozen=True)
class Look:
    """How the surface looks now, in all photos."""

    albedo: Tensor
    """(H, W, 3) sRGB, row 0 at v = 0."""
    lights: Tensor
    """(P, 9, 3)."""


@dataclass(frozen=True)
class Weights:
    """What counts how much."""

    color: float = 1.0
    shares: float = 1.0
    pose: float = 2e-4
    shape: float = 20.0


def photo_loss(
    model: Model, look: Look, vertices: Tensor, correction: PoseCorrection, index: int,
    picture: PhotoPicture, weights: Weights,
) -> tuple[Tensor, dict[str, float]]:  # fmt: skip
    """How far one photo and the avatar differ, a scalar; differentiable in shape and pose."""
    poses = model.poses
    transforms = corrected_transforms(
        model.skeleton, poses.bone_transforms[index : index + 1], correction
    )
    posed = skin_points(vertices, model.weights, transforms)
    camera = Cameras(
        poses.cameras.world_to_view[index : index + 1],
        poses.cameras.vertical_fov[index : index + 1],
    )
    drawing = draw(posed, model.mesh.faces, camera, picture.size, model.edges, face_ids)
    uv = interpolate(model.uv.coordinates, drawing.rast, model.uv.faces)
    normals = interpolate_normals(drawing, posed, camera)
    covered = drawing.covered[..., 0] > 0
    base = texture(look.albedo, uv[covered], "clamp")
    lit = base * brightness(normals[covered].detach(), look.lights[index])
    pixel = covered.view(-1).nonzero().squeeze(1)
    rows = torch.zeros(covered.numel(), 3).index_copy(0, pixel, lit).view(*covered.shape, 3)
    shares = interpolate(model.shares, drawing.rast, model.mesh.faces)
    background = 1 - drawing.covered
    image = drawing.finish(torch.cat([background, shares], -1))[0]

    color = rows.flip(1)[0]
    both = picture.inner * covered.flip(1)[0].to(color.dtype)
    away = (color - picture.color).square().sum(-1)
    difference = (both * away / (away + COLOR_SCALE**2)).sum()
    person = picture.shares[..., 1:].sum()
    mixed = (image - picture.shares).abs().sum()
    loss = (weights.color * difference + weights.shares * mixed) / person
    terms = {"color": float(difference.detach() / person), "shares": float(mixed.detach() / person)}
    return loss + weights.pose * correction.energy, terms


def shape_loss(model: Model, vertices: Tensor) -> Tensor:
    """How much the surface is bent away from what it was, a scalar; in square centimetres."""
    bent = uniform_laplacian(vertices - model.mesh.vertices, model.edges)
    return 1e4 * bent.square().sum(-1).mean()
