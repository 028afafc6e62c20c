"""What fitting looks for, and what it makes of the body."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from album2avatar.body.kinematics import pose_bones, rotation_matrices, transform_heads
from album2avatar.body.model import BodyModel, RestBody
from album2avatar.render.camera import Cameras


@dataclass(frozen=True)
class FitVariables:
    """One shape; for each of P photos a pose, a place before the camera and a focal length.

    The camera stands in the origin and looks along +Y.
    """

    shape: Tensor
    """(S,) normalised."""
    turns: Tensor
    """(P, N, 3) axis-angle turns of the joints, in units of each joint's spread."""
    yaw: Tensor
    """(P,) radians about Z; 0 faces the camera."""
    tilt: Tensor
    """(P, 2) radians about X and Y, after the yaw; a camera that looks down shows here."""
    place: Tensor
    """(P, 3) of the root's head: right and up per metre of depth, log of the depth in metres."""
    log_focal: Tensor
    """(P,) log of the focal length in half image heights."""

    def tensors(self) -> dict[str, Tensor]:
        """The variables by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def from_tensors(tensors: Mapping[str, Tensor]) -> "FitVariables":
        """Put together what `tensors` took apart; each becomes a leaf with a gradient."""
        names = [field.name for field in fields(FitVariables)]
        return FitVariables(**{n: tensors[n].detach().clone().requires_grad_() for n in names})

    def select(self, rows: Tensor) -> "FitVariables":
        """The photos at `rows`."""
        return FitVariables(
            self.shape,
            *(getattr(self, field.name)[rows] for field in fields(self)[1:]),
        )

    @property
    def translation(self) -> Tensor:
        """(P, 3) where the root's head is, metres."""
        depth = self.place[:, 2].exp()
        return torch.stack([self.place[:, 0] * depth, depth, self.place[:, 1] * depth], -1)


@dataclass(frozen=True)
class PosedBodies:
    """The body in one shape, as it stands in each of P photos. Found once a step: every energy
    that looks at the body reads it."""

    rest: RestBody
    transforms: Tensor
    """(P, J, 4, 4) canonical to posed."""

    @staticmethod
    def of(model: BodyModel, variables: FitVariables) -> "PosedBodies":
        """Shape and pose the template; differentiable."""
        rest = model.rest(variables.shape)
        return PosedBodies(rest, bone_transforms(model, variables, rest.heads))

    @property
    def joints(self) -> Tensor:
        """(P, J, 3) where the bones' heads are, metres."""
        return transform_heads(self.transforms, self.rest.heads)


def bone_transforms(model: BodyModel, variables: FitVariables, heads: Tensor) -> Tensor:
    """(P, J, 4, 4) canonical to posed, for rest heads (J, 3)."""
    root = tilted(variables.tilt) @ about_z(variables.yaw)
    turns = variables.turns * joint_spreads(model)
    return pose_bones(model, heads, turns, root, variables.translation)


def joint_spreads(model: BodyModel) -> Tensor:
    """(N, 3) usual size of each joint's turns, radians."""
    return torch.deg2rad(torch.tensor([joint.spread for joint in model.joints]).reshape(-1, 3))


def about_z(angles: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) of turns about Z by `angles` (...), radians."""
    zero = torch.zeros_like(angles)
    return rotation_matrices(torch.stack([zero, zero, angles], -1))


def tilted(tilt: Tensor) -> Tensor:
    """Rotation matrices (P, 3, 3) of turns by `tilt` (P, 2) about X and Y, radians."""
    return rotation_matrices(torch.cat([tilt, torch.zeros_like(tilt[:, :1])], -1))


def project(points: Tensor, log_focal: Tensor) -> Tensor:
    """Perspective of the camera in the origin.

    Args:
        points: (P, M, 3) metres.
        log_focal: (P,).

    Returns:
        (P, M, 2) right and up from the image's centre in half image heights.
    """
    depth = points[..., 1].clamp(min=0.05)
    flat = torch.stack([points[..., 0], points[..., 2]], -1) / depth[..., None]
    return log_focal.exp()[:, None, None] * flat


def cameras_of(variables: FitVariables) -> Cameras:
    """The cameras of all photos."""
    view = torch.tensor(
        [[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]],
        dtype=variables.log_focal.dtype,
    )
    count = len(variables.log_focal)
    return Cameras(view.repeat(count, 1, 1), 2 * torch.atan((-variables.log_focal).exp()))
