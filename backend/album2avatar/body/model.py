"""What fitting needs of a parametric body, whichever template stands behind it."""

from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

from album2avatar.assets import Subject
from album2avatar.body.types import CanonicalBody

Range3 = tuple[float, float, float]


@dataclass(frozen=True)
class Joint:
    """A bone that fitting may turn, with what the joint of a living person allows.

    Turns are axis-angle vectors in the joint's own frame, in the rest pose: x flexes
    (moves the far end forward), y twists about the bone, z moves it sideways.
    """

    bone: str
    lower: Range3
    """Smallest turn about each axis, degrees."""
    upper: Range3
    """Largest turn about each axis, degrees."""
    spread: Range3
    """Usual size of the turn in a photo (standard deviation), degrees."""


@dataclass(frozen=True)
class RestBody:
    """A template in one shape and in its rest pose, standing on z = 0, differentiable."""

    vertices: Tensor
    """(V, 3) metres."""
    heads: Tensor
    """(J, 3) metres."""


class BodyModel(Protocol):
    """A parametric body that is skinned linearly to a skeleton."""

    @property
    def kind(self) -> str:
        """`anny` or `smplx`."""
        ...

    @property
    def shape_size(self) -> int:
        """Number S of shape parameters. Normalised: a unit normal is their prior."""
        ...

    @property
    def parents(self) -> tuple[int, ...]:
        """Parent of each of the J bones; -1 for the root, which is bone 0."""
        ...

    @property
    def joints(self) -> tuple[Joint, ...]:
        """The N bones that fitting may turn."""
        ...

    @property
    def joint_bones(self) -> Tensor:
        """(N,) int64, index of each joint's bone."""
        ...

    @property
    def joint_frames(self) -> Tensor:
        """(N, 3, 3) float, columns are the axes of each joint in the rest pose."""
        ...

    @property
    def keypoint_bones(self) -> Tensor:
        """(K,) int64, the bone whose head each of `KEYPOINTS` is."""
        ...

    @property
    def weights(self) -> Tensor:
        """(V, J) float, skinning weights."""
        ...

    def usual_shape(self, subject: Subject) -> Tensor:
        """(S,) shape from which the fit of a `subject` starts."""
        ...

    def rest(self, shape: Tensor) -> RestBody:
        """The body in the shape `shape` (S,); differentiable."""
        ...

    def canonical(self, shape: Tensor) -> CanonicalBody:
        """The body in the shape `shape` (S,) with all that later stages need."""
        ...


def mirrored_ranges(joint: Joint) -> Joint:
    """The ranges of the other side's joint: twist and sideways turns change sign."""
    (low_x, low_y, low_z), (high_x, high_y, high_z) = joint.lower, joint.upper
    lower, upper = (low_x, -high_y, -high_z), (high_x, -low_y, -low_z)
    return replace(joint, lower=lower, upper=upper)


def anatomical_frames(directions: Tensor) -> Tensor:
    """Frames in which flexing, twisting and moving sideways are one axis each.

    Args:
        directions: (N, 3) from each joint to the next, in the rest pose; not along Y.

    Returns:
        (N, 3, 3); columns x (turning about it moves the far end towards -Y, forward),
        y (along the bone) and z = x × y.
    """
    along = torch.nn.functional.normalize(directions, dim=-1)
    forward = torch.tensor([0.0, -1.0, 0.0], dtype=along.dtype).expand_as(along)
    flex = torch.nn.functional.normalize(torch.linalg.cross(along, forward), dim=-1)
    return torch.stack([flex, along, torch.linalg.cross(flex, along)], -1)
