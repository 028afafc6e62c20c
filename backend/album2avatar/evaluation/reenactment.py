"""An avatar in the poses of photos that it was not made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.evaluation.held_out_photos import TruePhotos
from album2avatar.evaluation.metrics import color_difference
from album2avatar.projection.drawing import DrawnTexture, draw_textured
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.light import even_light, light_basis
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.alignment import Look, compare
from album2avatar.refine.photo_pictures import PhotoPicture, shrink_photo
from album2avatar.refine.pose_corrections import (
    CorrectedSkeleton,
    PoseCorrection,
    corrected_poses,
    corrected_transforms,
)
from album2avatar.render.images import to_image

ROUNDS = ((96, 40, 0.0), (192, 40, 0.0), (192, 40, 1.0))
"""Rows of the pictures, steps, and how much colours count against outlines."""
POSE_WEIGHT = 2e-4
"""Of a correction of one usual error."""
RATE = 0.08
GREY = 0.5
"""What is shown where the person is and the avatar isn't."""
LEAST_PIXELS = 60
DARKEST = 0.02


@dataclass(frozen=True)
class Reenactment:
    """How the avatar looks in the photos."""

    images: list[Tensor]
    """(H, W, 3) sRGB, on the photos' own backgrounds."""
    psnr: list[float]
    """Of the pixels that show person or avatar, per photo, decibels."""
    ious: list[float]
    """Of the silhouettes."""
    color_differences: Mapping[AssetKind, float]
    """Median ΔE*ab over the photos of each asset's median pixel."""


def reenact(
    surface: TexturedSurface,
    vertices: Tensor,
    albedo: Tensor,
    skeleton: CorrectedSkeleton,
    truth: TruePhotos,
    kinds: Sequence[AssetKind],
) -> Reenactment:
    """Lay the avatar into the photos: in the poses that suit it best, light by least squares."""
    poses = register(surface, vertices, albedo, skeleton, truth)
    return look_into(surface, vertices, albedo, replace(truth, poses=poses), kinds)


def look_into(
    surface: TexturedSurface,
    vertices: Tensor,
    albedo: Tensor,
    truth: TruePhotos,
    kinds: Sequence[AssetKind],
) -> Reenactment:
    """Lay the avatar into the photos in their own poses, light by least squares."""
    poses = truth.poses
    images: list[Tensor] = []
    psnr: list[float] = []
    ious: list[float] = []
    differences: dict[AssetKind, list[float]] = {}
    for index, photo in enumerate(truth.photos):
        image, covered = draw_into(surface, vertices, albedo, poses, index, photo)
        person = photo.mask > 0
        either = person | covered
        error = (image - photo.image).square()[either].mean()
        psnr.append(float(-10 * torch.log10(error)))
        ious.append(float((person & covered).sum() / either.sum()))
        images.append(image)
        away = color_difference(image.numpy(), photo.image.numpy())
        for number, kind in enumerate(kinds):
            shown = ((photo.mask == number + 1) & covered).numpy()
            if shown.sum() >= LEAST_PIXELS:
                differences.setdefault(kind, []).append(float(np.median(away[shown])))
    medians: dict[AssetKind, float] = {
        kind: float(np.median(values)) for kind, values in differences.items()
    }
    return Reenactment(images, psnr, ious, medians)


def register(
    surface: TexturedSurface,
    vertices: Tensor,
    albedo: Tensor,
    skeleton: CorrectedSkeleton,
    truth: TruePhotos,
) -> PhotoPoses:
    """Correct the poses until the assets' outlines agree, then until the colours do as well.

    Every avatar is judged in the poses that suit it best: where its pattern lies on the body
    counts, not how well a pose is known.
    """
    corrections = [PoseCorrection.none(skeleton) for _ in truth.photos]
    known = torch.cat([albedo, torch.ones_like(albedo[..., :1])], -1)
    for index, photo in enumerate(truth.photos):
        light = even_light(vertices)
        for height, steps, color_weight in ROUNDS:
            if color_weight > 0:
                poses = corrected_poses(skeleton, truth.poses, corrections)
                light = fitted_light(surface, vertices, albedo, poses, index, photo)
            _correct(
                surface, vertices, skeleton, truth.poses, index, corrections[index],
                Look(known[None], light[None]), shrink_photo(photo, surface.album_assets, height),
                steps, color_weight,
            )  # fmt: skip
    return corrected_poses(skeleton, truth.poses, corrections)


def _correct(
    surface: TexturedSurface,
    vertices: Tensor,
    skeleton: CorrectedSkeleton,
    poses: PhotoPoses,
    index: int,
    correction: PoseCorrection,
    look: Look,
    picture: PhotoPicture,
    steps: int,
    color_weight: float,
) -> None:
    optimizer = torch.optim.Adam([correction.turns, correction.shift], betas=(0.9, 0.99))
    transforms, camera = poses.bone_transforms[index : index + 1], poses.cameras.at(index)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = RATE * (1 - 0.8 * step / steps)
        optimizer.zero_grad()
        moved = corrected_transforms(skeleton, transforms, correction)
        found = compare(surface, vertices, moved, camera, look.textures[0], look.lights[0], picture)
        energy = found.shares + color_weight * found.color + POSE_WEIGHT * correction.energy
        energy.backward()
        optimizer.step()


@torch.no_grad()
def draw_into(
    surface: TexturedSurface,
    vertices: Tensor,
    albedo: Tensor,
    poses: PhotoPoses,
    index: int,
    photo: MaskedPhoto,
) -> tuple[Tensor, Tensor]:
    """The avatar instead of the person: (H, W, 3) sRGB, and (H, W) bool where it is."""
    seen = _draw(surface, vertices, albedo, poses, index, photo)
    light = _fit_light(seen, photo)
    lit = seen.texels * (light_basis(seen.normals) @ light).exp()
    person = (photo.mask > 0)[..., None]
    image = to_image(torch.where(person, GREY, photo.image)[None])[0]
    image[seen.covered] = lit.clamp(0, 1)
    return to_image(image[None])[0], to_image(seen.covered[None, ..., None])[0, ..., 0]


@torch.no_grad()
def fitted_light(
    surface: TexturedSurface,
    vertices: Tensor,
    albedo: Tensor,
    poses: PhotoPoses,
    index: int,
    photo: MaskedPhoto,
) -> Tensor:
    """(9, 3) light under which the avatar's colours look most like the photo's."""
    return _fit_light(_draw(surface, vertices, albedo, poses, index, photo), photo)


def _draw(
    surface: TexturedSurface,
    vertices: Tensor,
    albedo: Tensor,
    poses: PhotoPoses,
    index: int,
    photo: MaskedPhoto,
) -> DrawnTexture:
    size = (photo.mask.shape[0], photo.mask.shape[1])
    transforms = poses.bone_transforms[index : index + 1]
    posed = skin_points(vertices, surface.weights, transforms)
    return draw_textured(surface, posed, poses.cameras.at(index), size, albedo)


def _fit_light(seen: DrawnTexture, photo: MaskedPhoto) -> Tensor:
    shown = to_image(photo.image[None])[0][seen.covered]
    is_person = to_image(photo.mask[None, ..., None])[0, ..., 0][seen.covered] > 0
    basis = light_basis(seen.normals).double()
    weights = (is_person * shown.mean(-1).square()).double()[:, None]
    target = (shown.clamp(min=DARKEST) / seen.texels.clamp(min=DARKEST)).double().log()
    hold = 1e-3 * weights.sum() * torch.eye(basis.shape[1], dtype=torch.float64)
    right = (weights * basis).T @ target.clamp(-1.5, 1.5)
    return torch.linalg.solve((weights * basis).T @ basis + hold, right).to(seen.texels)


def only(truth: TruePhotos, chosen: Sequence[int]) -> TruePhotos:
    """Some of the photos."""
    return TruePhotos([truth.photos[index] for index in chosen], truth.poses.take(list(chosen)))
