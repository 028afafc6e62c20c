"""A finished avatar behind the body protocol: one shape, its own surface."""

import torch
from torch import Tensor

from album2avatar.assets import Subject
from album2avatar.body.joints import joint_frames, keypoint_bones
from album2avatar.body.model import Joint, RestBody
from album2avatar.body.rigged import RiggedPart
from album2avatar.body.types import CanonicalBody


class FixedBody:
    """`BodyModel` without shape parameters, so that poses can be fitted and nothing else."""

    shape_size = 0

    def __init__(self, body: CanonicalBody, surface: RiggedPart) -> None:
        """
        Args:
            body: the avatar's; its template is not drawn.
            surface: what is drawn instead, weighed by the body's bones.
        """
        skeleton = body.skeleton
        self._body, self._surface = body, surface
        self.kind = body.kind
        self.parents = skeleton.parents
        self.weights: Tensor = surface.weights
        joints, self.joint_frames = joint_frames(body)
        self.joints: tuple[Joint, ...] = tuple(joints)
        names = skeleton.names
        self.joint_bones = torch.tensor(
            [names.index(joint.bone) for joint in self.joints], dtype=torch.int64
        )
        keypoints = keypoint_bones(body.kind).values()
        self.has_keypoint = torch.tensor([bone in names for bone in keypoints])
        """(K,) bool; the other keypoints are taken to be at the root, and must not count."""
        self.keypoint_bones = torch.tensor(
            [names.index(bone) if bone in names else 0 for bone in keypoints]
        )

    def usual_shape(self, subject: Subject) -> Tensor:
        """(0,)."""
        return torch.zeros(0)

    def rest(self, shape: Tensor) -> RestBody:
        """The avatar's surface and bones, whatever the shape."""
        return RestBody(self._surface.mesh.vertices, self._body.skeleton.heads)

    def canonical(self, shape: Tensor) -> CanonicalBody:
        """The avatar's body."""
        return self._body
