"""Photos of another day with their true poses, on the skeleton of an avatar."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.kinematics import forward_kinematics, transform_heads
from album2avatar.body.types import PhotoPoses, Skeleton
from album2avatar.evaluation.held_out_albums import asset_labels
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.render.camera import Cameras
from album2avatar.synthetic.album import Scene, album_scenes
from album2avatar.synthetic.cameras import world_to_view
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.template import load_template, rest_bodies

ANCHORS = ("spine03", "neck01", "upperleg01.L", "upperleg01.R", "upperarm01.L", "upperarm01.R")
"""Bones whose heads an avatar of another size is laid on."""


@dataclass(frozen=True)
class TruePhotos:
    """Photos with true masks, and where the person stands in them."""

    photos: list[MaskedPhoto]
    poses: PhotoPoses


def true_photos(
    person: Person, kinds: Sequence[AssetKind], skeleton: Skeleton, size: int, occasion: str
) -> TruePhotos:
    """Photograph a person, and turn an avatar's bones as the person's are turned.

    The avatar's own bones may be a bit longer or shorter; its trunk is laid on the person's.

    Args:
        kinds: what the masks count.
        skeleton: of an Anny body.
        size: pixels of a photo's side.
    """
    scenes = list(album_scenes(person, size, occasion))
    heads = torch.from_numpy(rest_bodies(load_template(), [person.phenotype])[0].bone_heads)
    transforms = torch.from_numpy(np.stack([scene.bone_transforms for scene in scenes])).float()
    views = np.stack([world_to_view(scene.camera) for scene in scenes])
    fields = torch.tensor([scene.camera.vertical_fov for scene in scenes])
    return TruePhotos(
        photos=[_photo(scene, kinds) for scene in scenes],
        poses=PhotoPoses(
            photos=tuple(str(index) for index in range(len(scenes))),
            bone_transforms=carry_poses(transforms, heads.float(), skeleton),
            cameras=Cameras(torch.from_numpy(views).float(), fields.float()),
            image_sizes=torch.tensor([[size, size]] * len(scenes)),
        ),
    )


def carry_poses(transforms: Tensor, heads: Tensor, skeleton: Skeleton) -> Tensor:
    """Poses (P, J, 4, 4) of one body on the skeleton of another one of the same template.

    Args:
        transforms: (P, J, 4, 4), canonical to posed.
        heads: (J, 3) of the body that they pose, canonical.
    """
    parents = torch.tensor([max(parent, 0) for parent in skeleton.parents])
    turned = transforms[..., :3, :3]
    local = turned[:, parents].transpose(-1, -2) @ turned
    local[:, 0] = turned[:, 0]
    moved = forward_kinematics(skeleton.parents, skeleton.heads, local)
    anchors = [skeleton.names.index(name) for name in ANCHORS]
    there = transform_heads(transforms, heads)[:, anchors]
    here = transform_heads(moved, skeleton.heads)[:, anchors]
    shift = torch.zeros_like(moved)
    shift[..., :3, 3] = (there - here).mean(1)[:, None]
    return moved + shift


def _photo(scene: Scene, kinds: Sequence[AssetKind]) -> MaskedPhoto:
    labels = asset_labels(scene.picture, kinds)
    image = torch.from_numpy(scene.picture.image).float() / 255
    return MaskedPhoto(image, torch.from_numpy(labels).long())
