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
from album2avatar.projection.drawing import draw_textured
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.light import even_light, light_basis
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.alignment import compare
from album2avatar.refine.photo_pictures import shrink_photo
from album2avatar.refine.pose_corrections import (
    CorrectedSkeleton,
    PoseCorrection,
    corrected_poses,
    corrected_transforms,
)
from album2avatar.render.images import to_image

ROUNDS = ((96, 40), (192, 40))
"""Rows of the pictures, and steps."""
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
    """Lay the avatar into the photos: poses by their outlines alone, light by least squares."""
    poses = register(surface, vertices, skeleton, truth)
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
    surface: TexturedSurface, vertices: Tensor, skeleton: CorrectedSkeleton, truth: TruePhotos
) -> PhotoPoses:
    """Correct the poses until the assets' outlines agree; the judged colours have no say."""
    poses = truth.poses
    plain, light = torch.full((2, 2, 4), GREY), even_light(vertices)
    corrections: list[PoseCorrection] = []
    for index, photo in enumerate(truth.photos):
        one = slice(index, index + 1)
        camera = poses.cameras.at(index)
        correction = PoseCorrection.none(skeleton)
        optimizer = torch.optim.Adam([correction.turns, correction.shift], betas=(0.9, 0.99))
        for height, steps in ROUNDS:
            picture = shrink_photo(photo, surface.album_assets, height)
            for step in range(steps):
                optimizer.param_groups[0]["lr"] = RATE * (1 - 0.8 * step / steps)
                optimizer.zero_grad()
                moved = corrected_transforms(skeleton, poses.bone_transforms[one], correction)
                found = compare(surface, vertices, moved, camera, plain, light, picture)
                (found.shares + 2e-4 * correction.energy).backward()
                optimizer.step()
        corrections.append(correction)
    return corrected_poses(skeleton, poses, corrections)


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
    one = slice(index, index + 1)
    size = (photo.mask.shape[0], photo.mask.shape[1])
    camera = poses.cameras.at(index)
    posed = skin_points(vertices, surface.weights, poses.bone_transforms[one])
    seen = draw_textured(surface, posed, camera, size, albedo)
    covered, colors = seen.covered, seen.texels
    shown = to_image(photo.image[None])[0][covered]
    is_person = to_image(photo.mask[None, ..., None])[0, ..., 0][covered] > 0
    lit = colors * _fitted_brightness(colors, shown, seen.normals, is_person)
    person = (photo.mask > 0)[..., None]
    image = to_image(torch.where(person, GREY, photo.image)[None])[0]
    image[covered] = lit.clamp(0, 1)
    return to_image(image[None])[0], to_image(covered[None, ..., None])[0, ..., 0]


def _fitted_brightness(colors: Tensor, shown: Tensor, normals: Tensor, is_person: Tensor) -> Tensor:
    """(N, 3) light under which the avatar's colours look most like the photo's."""
    basis = light_basis(normals).double()
    weights = (is_person * shown.mean(-1).square()).double()[:, None]
    target = (shown.clamp(min=DARKEST) / colors.clamp(min=DARKEST)).double().log().clamp(-1.5, 1.5)
    hold = 1e-3 * weights.sum() * torch.eye(basis.shape[1], dtype=torch.float64)
    light = torch.linalg.solve((weights * basis).T @ basis + hold, (weights * basis).T @ target)
    return (basis @ light).exp().to(colors)


def only(truth: TruePhotos, chosen: Sequence[int]) -> TruePhotos:
    """Some of the photos."""
    rows = torch.tensor(list(chosen))
    poses = truth.poses
    return TruePhotos(
        [truth.photos[index] for index in chosen],
        replace(
            poses,
            photos=tuple(poses.photos[index] for index in chosen),
            bone_transforms=poses.bone_transforms[rows],
            cameras=poses.cameras.take(rows),
            image_sizes=poses.image_sizes[rows],
        ),
    )
