"""Heads as photos show them turned: the finest thing of a person hangs on one joint.

A joint that is off by ten degrees moves a mouth by two centimetres, and a face is made of photos
that must agree to the millimetre.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor

from album2avatar.assets import AssetKind, PhotoLabels
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.alignment import outline_difference
from album2avatar.refine.brims import has_brim
from album2avatar.refine.head_consensus import levelled, looks_in_photos
from album2avatar.refine.head_fitting import (
    SEARCH_CELLS,
    FittedHead,
    HeadLook,
    fit_head,
    search_head,
)
from album2avatar.refine.head_mesh import (
    HeadMesh,
    HeadPose,
    head_pose,
    with_bones_moved,
)
from album2avatar.refine.head_photo import SPAN, HeadCrop, HeadPhoto, shows_face
from album2avatar.refine.photo_pictures import PhotoPicture, shrink_photo

ROUGH_ROUNDS, FINE_ROUNDS = (48, 80), (48, 80, 110, 150)
"""Cells along a crop's side in each round: before the body is aligned, and after."""
POINTS_SAY = 0.1
"""What keypoints count beside colours; before, they count fully."""
BEHIND = math.cos(math.radians(110.0))
"""Cosine between where the face looks and the camera, at which no face is seen any more."""
NEAREST = 0.1
"""Metres before the camera at which a fitted head is no head any more."""
ASTRAY = math.radians(30.0)
"""From which a head that is turned otherwise says that the whole person may be."""
OUTLINE_HEIGHT = 192
"""Rows of the pictures by which that is decided."""


@dataclass(frozen=True)
class HeadEvidence:
    """All photos of an album, in the order of the poses."""

    photos: Sequence[MaskedPhoto]
    labels: Sequence[PhotoLabels]
    kinds: Sequence[AssetKind]
    """Of the assets that the masks count."""


def align_heads(
    surface: TexturedSurface,
    vertices: Tensor,
    body: CanonicalBody,
    poses: PhotoPoses,
    evidence: HeadEvidence,
    rounds: Sequence[int],
    checkpoint: Callable[[], None],
) -> PhotoPoses:
    """Turn the head in each photo in which a face can be seen.

    First each head is looked for from all sides, by its outline and by where face, hair and hat
    are. Then the photos are held against what the others show, finer from round to round. Heads
    under a brim that the surface lacks are left as they are.

    Args:
        vertices: (V, 3) of the surface, canonical.
        rounds: cells along a crop's side in each of them.
        checkpoint: called now and then; may raise.
    """
    mesh = HeadMesh.of(surface, vertices, body, evidence.kinds)
    if mesh is None:
        return poses
    poses_before = [head_pose(poses, index, mesh.bones[0]) for index in range(len(evidence.photos))]
    chosen = [
        index
        for index, photo in enumerate(evidence.photos)
        if shows_face(photo, evidence.kinds)
        and poses_before[index].of(mesh.middle[None])[0, 2] < -NEAREST
    ]
    photos = [
        HeadPhoto.of(
            evidence.photos[index],
            float(poses.cameras.vertical_fov[index]),
            evidence.labels[index],
            evidence.kinds,
            mesh,
        )
        for index in chosen
    ]
    before = [poses_before[index] for index in chosen]
    if has_brim(photos, before, mesh):
        return poses
    after = _aligned(photos, before, mesh, rounds, checkpoint)
    for index, old, new in zip(chosen, before, after, strict=True):
        turned = with_bones_moved(poses, index, mesh.bones, old, new)
        if old.angle_to(new) > ASTRAY:
            every_bone = range(poses.bone_transforms.shape[1])
            whole = with_bones_moved(poses, index, every_bone, old, new)
            picture = shrink_photo(evidence.photos[index], surface.album_assets, OUTLINE_HEIGHT)
            beside = [_beside(surface, vertices, one, index, picture) for one in (turned, whole)]
            turned = whole if beside[1] < beside[0] else turned
        poses = turned
    return poses


def _aligned(
    photos: Sequence[HeadPhoto],
    poses: Sequence[HeadPose],
    mesh: HeadMesh,
    rounds: Sequence[int],
    checkpoint: Callable[[], None],
) -> list[HeadPose]:
    """Each head where its own photo and the others have it.

    From behind, a photo tells which way a head is turned and nothing finer: hair has no features,
    and where it ends on the neck nobody knows. There it is only searched.
    """
    found = _searched(photos, poses, mesh, checkpoint)
    fine = [index for index, one in enumerate(found) if one.pose.faces_us > BEHIND]
    closer = [found[index] for index in fine]
    for cells in rounds:
        closer = _agreeing([photos[index] for index in fine], closer, mesh, cells, checkpoint)
    after = [one.begun for one in found]
    for index, one in zip(fine, closer, strict=True):
        after[index] = one.pose
    return after


def _searched(
    photos: Sequence[HeadPhoto],
    poses: Sequence[HeadPose],
    mesh: HeadMesh,
    checkpoint: Callable[[], None],
) -> list[FittedHead]:
    """Each head by itself, by what it is made of alone; as if it were symmetric."""
    look = HeadLook.colorless(mesh.both_sides(mesh.shares))
    found: list[FittedHead] = []
    for photo, pose in zip(photos, poses, strict=True):
        checkpoint()
        here = photo.brought_here(pose, mesh)
        crop = HeadCrop.around(photo, here, mesh, SEARCH_CELLS)
        found.append(search_head(mesh, look, crop, here))
    return found


def _agreeing(
    photos: Sequence[HeadPhoto],
    found: Sequence[FittedHead],
    mesh: HeadMesh,
    cells: int,
    checkpoint: Callable[[], None],
) -> list[FittedHead]:
    """Each head held against what the others show.

    Args:
        cells: along a crop's side, as far as the photo has pixels.
    """
    if not found:
        return []
    poses = levelled(photos, [one.pose for one in found], mesh)
    looks = looks_in_photos(photos, poses, mesh, SPAN / cells)
    result: list[FittedHead] = []
    for photo, pose, look, before in zip(photos, poses, looks, found, strict=True):
        checkpoint()
        shown = round(SPAN * photo.pixels_per_metre(pose, mesh))
        crop = HeadCrop.around(photo, pose, mesh, min(cells, max(SEARCH_CELLS, shown)))
        result.append(fit_head(mesh, look, crop, pose, before.begun, POINTS_SAY))
    return result


def _beside(
    surface: TexturedSurface, vertices: Tensor, poses: PhotoPoses, index: int, photo: PhotoPicture
) -> float:
    transforms = poses.bone_transforms[index : index + 1]
    return outline_difference(surface, vertices, transforms, poses.cameras.at(index), photo)
