"""The photos' masks, as pictures to compare silhouettes with and to carve with."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt
from torch import Tensor
from torch.nn import functional as F

from album2avatar.asset_table import load_mask
from album2avatar.attire.patterns import Attire
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.errors import AlbumError
from album2avatar.mesh.normals import vertex_normals
from album2avatar.render.camera import Cameras
from album2avatar.render.screen import SMALLEST_DEPTH, to_clip
from album2avatar.render.shading import render_mask
from album2avatar.render.visibility_warp import face_ids
from album2avatar.workspace import Workspace

CARVING_SHARE = 0.3
"""A place is empty when more than this share of the photos that show it, and at least two of
them, have it outside of the mask: a pose that was fitted wrongly must not cut off an arm."""

DRAWN_MARGIN = 0.012
"""Metres on either side of a described sheet that the masks are given as well."""


@dataclass(frozen=True)
class MaskedPhoto:
    """One photo's silhouette with its pose and camera."""

    bone_transforms: Tensor
    """(1, J, 4, 4)."""
    camera: Cameras
    """One camera."""
    mask: Tensor
    """(H, W) float 0..1, how much of each pixel the person covers, row 0 at the top."""
    outline_distance: Tensor
    """(H, W) float, pixels to the person's outline, negative on the person."""

    @property
    def resolution(self) -> tuple[int, int]:
        """(height, width)."""
        return self.mask.shape[0], self.mask.shape[1]


def read_photos(
    workspace: Workspace, poses: PhotoPoses, attire: Attire, height: int, device: torch.device
) -> list[MaskedPhoto]:
    """Read the masks of all posed photos that show a person; the described attire is drawn into
    them, as if it had been worn.

    Raises:
        AlbumError: there are photos, but none shows a person.
    """
    photos: list[MaskedPhoto] = []
    for index, name in enumerate(poses.photos):
        covered = torch.from_numpy(load_mask(workspace, name) > 0)
        if bool(covered.any()):
            worn = draw_cloth(attire, poses, index, (covered.shape[0], covered.shape[1]))
            photos.append(mask_photo(covered | worn, poses, index, height, device))
    if poses.photos and not photos:
        raise AlbumError(
            f"No mask in {workspace.mask('').parent} shows a person. Run the segmentation again, "
            "or draw the masks by hand."
        )
    return photos


def draw_cloth(
    attire: Attire, poses: PhotoPoses, index: int, resolution: tuple[int, int]
) -> Tensor:
    """Where an attire's sheets would be in a photo, (H, W) bool, row 0 at the top.

    They are drawn on both sides of where they are: a brim that is seen from its edge is as thick
    as the sculpture can make it.
    """
    cloth = attire.cloth
    if len(cloth.faces) == 0:
        return torch.zeros(resolution, dtype=torch.bool)
    transforms = poses.bone_transforms[index : index + 1]
    away = DRAWN_MARGIN * vertex_normals(cloth.vertices, cloth.faces)
    sides = torch.cat([cloth.vertices + away, cloth.vertices - away])
    posed = skin_points(sides, attire.weights.repeat(2, 1), transforms)[0]
    faces = torch.cat([cloth.faces, cloth.faces + len(cloth.vertices)])
    coverage = render_mask(posed, faces, poses.cameras.at(index), resolution, visibility=face_ids)
    return coverage[0, :, :, 0] > 0.5


def mask_photo(
    covered: Tensor, poses: PhotoPoses, index: int, height: int, device: torch.device
) -> MaskedPhoto:
    """Scale one photo's mask (H, W) bool to `height` rows and keep its pose with it."""
    rows, columns = covered.shape
    width = max(1, round(height * columns / rows))
    mask = F.interpolate(covered[None, None].float(), (height, width), mode="area")[0, 0]
    return MaskedPhoto(
        poses.bone_transforms[index : index + 1].to(device),
        poses.cameras.at(index).to(device),
        mask.to(device),
        _outline_pixels(mask).to(device),
    )


def bare_photo(body: CanonicalBody, photo: MaskedPhoto) -> MaskedPhoto:
    """The photo as it would be if nothing but the body were there."""
    posed = skin_points(body.vertices, body.weights, photo.bone_transforms)[0]
    mask = render_mask(posed, body.faces, photo.camera, photo.resolution, visibility=face_ids)[
        0, :, :, 0
    ]
    distance = _outline_pixels(mask.cpu()).to(mask.device)
    return replace(photo, mask=mask, outline_distance=distance)


def _outline_pixels(mask: Tensor) -> Tensor:
    """Pixels (H, W) from the outline of a mask (H, W) 0..1, negative within."""
    outside = (mask < 0.5).numpy()
    distance = np.asarray(distance_transform_edt(outside), np.float32)
    distance -= np.asarray(distance_transform_edt(~outside), np.float32)
    # The outline runs half a pixel before the nearest pixel centre of the other kind.
    distance -= np.where(outside, np.float32(0.5), np.float32(-0.5))
    return torch.from_numpy(distance)


def may_be_person(
    points: Tensor, weights: Tensor, photos: Sequence[MaskedPhoto], margin: float
) -> Tensor:
    """Say which places in canonical space the masks leave to the person.

    Args:
        points: (N, 3) canonical.
        weights: (N, J) skinning weights.
        margin: metres beside a mask that still count as the person.

    Returns:
        (N,) bool.
    """
    shown = torch.zeros(len(points), device=points.device)
    empty = torch.zeros_like(shown)
    for photo in photos:
        distance, is_shown = outline_distance(
            skin_points(points, weights, photo.bone_transforms)[0], photo
        )
        shown += is_shown
        empty += is_shown & (distance > margin)
    return (empty < 2) | (empty <= CARVING_SHARE * shown)


def outline_distance(points: Tensor, photo: MaskedPhoto) -> tuple[Tensor, Tensor]:
    """How far beside the silhouette, or within it, points are seen.

    Args:
        points: (N, 3) posed.

    Returns:
        (N,) metres at the points' depth, negative on the silhouette; (N,) bool, is in the
        picture.
    """
    height, width = photo.resolution
    clip = to_clip(points, photo.camera.clip_from_world(width / height))[0]
    depth = clip[:, 3].clamp(min=SMALLEST_DEPTH)
    column = ((clip[:, 0] / depth * 0.5 + 0.5) * width).floor().long()
    row = ((0.5 - clip[:, 1] / depth * 0.5) * height).floor().long()
    is_shown = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    is_shown &= clip[:, 3] > SMALLEST_DEPTH
    pixels = photo.outline_distance[row.clamp(0, height - 1), column.clamp(0, width - 1)]
    metres_per_pixel = 2 * depth * math.tan(float(photo.camera.vertical_fov) / 2) / height
    return pixels * metres_per_pixel, is_shown
