"""Photos beside the avatar in the same poses, for the artist to compare."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.pictures import tiled
from album2avatar.projection.drawing import draw_textured
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.light import brightness
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.render.images import area_downsample, to_image

SIDE = 256
"""Pixels of one picture's side."""
MOST = 6
"""Photos that are shown."""
_PAPER = 0.93


def comparison_strip(
    surface: TexturedSurface,
    vertices: Tensor,
    poses: PhotoPoses,
    albedo: Tensor,
    lights: Tensor,
    photos: Sequence[MaskedPhoto],
) -> Tensor:
    """Photos above, the avatar in their poses and lights below: (2 * SIDE, N * SIDE, 3) sRGB."""
    chosen = torch.linspace(0, len(photos) - 1, min(MOST, len(photos))).round().long().tolist()
    above = [_framed(photos[index].image) for index in chosen]
    below = [
        _framed(_drawn(surface, vertices, poses, albedo, lights[index], index)) for index in chosen
    ]
    return tiled(torch.stack([*above, *below]), len(chosen))


@torch.no_grad()
def _drawn(
    surface: TexturedSurface,
    vertices: Tensor,
    poses: PhotoPoses,
    albedo: Tensor,
    light: Tensor,
    index: int,
) -> Tensor:
    one = slice(index, index + 1)
    rows, columns = poses.image_sizes[index].tolist()
    scale = 2 * SIDE / max(rows, columns)
    size = (2 * max(1, round(rows * scale / 2)), 2 * max(1, round(columns * scale / 2)))
    posed = skin_points(vertices, surface.weights, poses.bone_transforms[one])
    camera = poses.cameras.at(index)
    seen = draw_textured(surface, posed, camera, size, albedo)
    image = torch.full((*size, 3), _PAPER)
    image[seen.covered] = seen.texels * brightness(seen.normals, light)
    return area_downsample(to_image(image[None]), 2)[0].clamp(0, 1)


def _framed(image: Tensor) -> Tensor:
    """An image (H, W, 3) in the middle of a square of SIDE."""
    rows, columns = image.shape[:2]
    scale = SIDE / max(rows, columns)
    size = (max(1, round(rows * scale)), max(1, round(columns * scale)))
    small = F.interpolate(image.permute(2, 0, 1)[None], size, mode="area")[0].permute(1, 2, 0)
    frame = torch.full((SIDE, SIDE, 3), _PAPER)
    top, left = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
    frame[top : top + size[0], left : left + size[1]] = small
    return frame
