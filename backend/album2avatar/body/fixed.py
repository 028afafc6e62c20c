"""A finished avatar behind the body protocol: one shape, its own surface."""

import torch
from torch import Tensor

from album2avatar.assets import Subject
from album2avatar.body.anny_joints import limb_directions
from album2avatar.body.joints import fitted_joints, keypoint_bones
from album2avatar.body.model import Joint, RestBody, anatomical_frames
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
        self.joints: tuple[Joint, ...] = tuple(
            joint for joint in fitted_joints(body.kind) if joint.bone in skeleton.names
        )
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
        self.joint_frames = anatomical_frames(self._directions())

    def usual_shape(self, subject: Subject) -> Tensor:
        """(0,)."""
        return torch.zeros(0)

    def rest(self, shape: Tensor) -> RestBody:
        """The avatar's surface and bones, whatever the shape."""
        return RestBody(self._surface.mesh.vertices, self._body.skeleton.heads)

    def canonical(self, shape: Tensor) -> CanonicalBody:
        """The avatar's body."""
        return self._body

    def _directions(self) -> Tensor:
        skeleton = self._body.skeleton
        if self.kind == "anny":
            return limb_directions(self.joints, skeleton.names, skeleton.heads)
        along = skeleton.tails - skeleton.heads
        for side in ("left", "right"):
            knee, ankle = (skeleton.names.index(f"{side}_{name}") for name in ("knee", "ankle"))
            along[ankle] = skeleton.heads[ankle] - skeleton.heads[knee]
        along[skeleton.names.index("head")] = torch.tensor([0.0, 0.0, 1.0])
        return along[self.joint_bones]
