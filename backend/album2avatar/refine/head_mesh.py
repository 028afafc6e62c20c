"""The head of the surface, which turns as a whole, and where it is in a photo."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from scipy.spatial import KDTree
from scipy.spatial.transform import Rotation
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.joints import keypoint_bones
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.mesh.normals import vertex_normals
from album2avatar.projection.fusion import TexturedSurface

Floats = npt.NDArray[np.float64]

FACE, HAIR, HEADWEAR, OTHER = range(4)
CLASSES = 4
"""What a head is made of; OTHER is what ends on it: neck, collar, scarf."""
EYES_TO_MIDDLE = 0.07
"""Metres from the middle between the eyes backwards to the middle of the head."""
_HANGS_ON_HEAD = 0.5
"""Skinning weight from which a vertex is the head's."""


@dataclass(frozen=True)
class HeadPose:
    """Where canonical points are in a camera's frame: x right, y up, it looks along -z."""

    rotation: Floats
    """(3, 3)."""
    shift: Floats
    """(3,) metres."""

    def of(self, points: Floats) -> Floats:
        """Canonical points (N, 3) in the camera's frame."""
        return points @ self.rotation.T + self.shift

    def moved(self, motion: Floats, about: Floats) -> "HeadPose":
        """Turned by a rotation vector, then shifted, both in the camera's frame.

        Args:
            motion: (6,) radians and metres.
            about: (3,) the canonical point that stays where it is while the head turns.
        """
        rotation = Rotation.from_rotvec(motion[:3]).as_matrix() @ self.rotation
        middle = self.rotation @ about + self.shift + motion[3:]
        return HeadPose(rotation, middle - rotation @ about)

    @property
    def faces_us(self) -> float:
        """Cosine of the angle at which the face looks towards the camera's side."""
        return -float(self.rotation[2, 1])

    def angle_to(self, other: "HeadPose") -> float:
        """By how much it would have to be turned, radians."""
        return float(Rotation.from_matrix(other.rotation @ self.rotation.T).magnitude())

    def over(self, motion: Floats, about: Floats) -> "HeadPose":
        """As if the canonical head itself were turned and shifted by `motion` before."""
        turn = Rotation.from_rotvec(motion[:3]).as_matrix()
        shift = self.rotation @ (about - turn @ about + motion[3:]) + self.shift
        return HeadPose(self.rotation @ turn, shift)


@dataclass(frozen=True)
class HeadMesh:
    """What hangs on the head's bone, V vertices."""

    vertices: Floats
    """(V, 3) metres, canonical."""
    normals: Floats
    """(V, 3) unit."""
    faces: Tensor
    """(F, 3) int64."""
    shares: Floats
    """(V, CLASSES), what each vertex is taken for so far."""
    mirrored: npt.NDArray[np.int64]
    """(V,) the vertex that is nearest to each one's mirror image."""
    middle: Floats
    """(3,)."""
    eyes: Floats
    """(2, 3) left and right."""
    neck: Floats
    """(3,) where the head is joined to it."""
    bones: tuple[int, ...]
    """The head's, then all that hang on it."""

    @staticmethod
    def of(
        surface: TexturedSurface,
        vertices: Tensor,
        body: CanonicalBody,
        kinds: Sequence[AssetKind],
    ) -> "HeadMesh | None":
        """The head of a surface (V, 3) in the body's canonical pose; None where it has none.

        What words describe is left out: no photo shows it.

        Args:
            kinds: of the album's assets.
        """
        named = keypoint_bones(body.kind)
        index = {name: number for number, name in enumerate(body.skeleton.names)}
        if any(named[name] not in index for name in ("head", "left_eye", "right_eye")):
            return None
        bones = _with_children(body.skeleton.parents, index[named["head"]])
        in_album = surface.shares.argmax(1) < surface.album_assets
        hangs = surface.weights[:, list(bones)].sum(1) > _HANGS_ON_HEAD
        faces = surface.faces[(hangs & in_album)[surface.faces].all(1)]
        if len(faces) == 0:
            return None
        used, compact = faces.unique(return_inverse=True)
        own = vertices[used].double().numpy()
        heads = body.skeleton.heads.double().numpy()
        eyes = heads[[index[named["left_eye"]], index[named["right_eye"]]]]
        return HeadMesh(
            vertices=own,
            normals=vertex_normals(vertices, surface.faces)[used].double().numpy(),
            faces=compact.view(-1, 3),
            shares=_by_class(surface.shares[used].double().numpy(), kinds),
            mirrored=np.asarray(KDTree(own).query(own * np.array([-1.0, 1.0, 1.0]))[1], np.int64),
            middle=eyes.mean(0) + np.array([0.0, EYES_TO_MIDDLE, 0.0]),
            eyes=eyes,
            neck=heads[bones[0]],
            bones=bones,
        )

    def both_sides(self, values: Floats) -> Floats:
        """Mean of values (V, C) and their mirror image."""
        return (values + values[self.mirrored]) / 2


def head_class(kind: AssetKind) -> int:
    """What an asset is on a head. Glasses are worn on the face and are nothing of their own."""
    if kind in ("face", "glasses"):
        return FACE
    return {"hair": HAIR, "headwear": HEADWEAR}.get(kind, OTHER)


def head_pose(poses: PhotoPoses, photo: int, bone: int) -> HeadPose:
    """Where a bone carries canonical points in one photo."""
    moved = (poses.cameras.world_to_view[photo] @ poses.bone_transforms[photo, bone]).double()
    return HeadPose(moved[:3, :3].numpy(), moved[:3, 3].numpy())


def with_bones_moved(
    poses: PhotoPoses, photo: int, bones: Sequence[int], before: HeadPose, after: HeadPose
) -> PhotoPoses:
    """Move bones of one photo as `before` is moved to `after`, in its camera's frame."""
    view = poses.cameras.world_to_view[photo].double()
    motion = torch.linalg.inv(view) @ _matrix(after) @ torch.linalg.inv(_matrix(before)) @ view
    transforms = poses.bone_transforms.clone()
    rows = list(bones)
    transforms[photo, rows] = (motion @ transforms[photo, rows].double()).to(transforms)
    return replace(poses, bone_transforms=transforms)


def _matrix(pose: HeadPose) -> Tensor:
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[:3, :3] = torch.from_numpy(pose.rotation)
    matrix[:3, 3] = torch.from_numpy(pose.shift)
    return matrix


def _with_children(parents: Sequence[int], bone: int) -> tuple[int, ...]:
    """A bone and all below it; parents come before their children."""
    found = [bone]
    for child, parent in enumerate(parents):
        if parent in found:
            found.append(child)
    return tuple(found)


def _by_class(shares: Floats, kinds: Sequence[AssetKind]) -> Floats:
    classes = np.zeros((len(shares), CLASSES))
    for index, kind in enumerate(kinds):
        classes[:, head_class(kind)] += shares[:, index]
    return classes
