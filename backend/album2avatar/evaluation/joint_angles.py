"""How far joints are turned away from the truth, and which part of that a photo can show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.kinematics import (
    forward_kinematics,
    rotation_matrices,
    rotation_vectors,
    transform_heads,
)
from album2avatar.body.types import PhotoPoses, Skeleton
from album2avatar.render.camera import Cameras

GROUPS: dict[str, tuple[str, ...]] = {
    "spine": ("spine05", "spine03", "spine01"),
    "neck, head": ("neck01", "head"),
    "collarbones": ("clavicle.L", "clavicle.R"),
    "shoulders": ("upperarm01.L", "upperarm01.R"),
    "elbows": ("lowerarm01.L", "lowerarm01.R"),
    "wrists": ("wrist.L", "wrist.R"),
    "hips": ("upperleg01.L", "upperleg01.R"),
    "knees": ("lowerleg01.L", "lowerleg01.R"),
    "ankles": ("foot.L", "foot.R"),
}
"""Anny's fitted joints as people call them."""

LIMB_LENGTH = 0.1
"""Metres of a limb that must be in the picture; wrists and ankles have hardly more."""


@dataclass(frozen=True)
class JointErrors:
    """Errors of P photos' poses at N joints, degrees."""

    angle: Tensor
    """(P, N) of the turn that leads from one to the other."""
    across: Tensor
    """(P, N) the part that moves the limb across the picture."""
    depth: Tensor
    """(P, N) the part that moves it towards the camera or away from it."""
    twist: Tensor
    """(P, N) the part about the limb's own axis."""


def local_turns(transforms: Tensor, parents: Sequence[int]) -> Tensor:
    """Turn of each bone against its parent, in the canonical axes: (P, J, 3, 3).

    Args:
        transforms: (P, J, 4, 4), canonical to posed.
    """
    turned = transforms[..., :3, :3]
    above = torch.tensor([max(parent, 0) for parent in parents])
    local = turned[:, above].transpose(-1, -2) @ turned
    return torch.cat([turned[:, :1], local[:, 1:]], 1)


def disturbed_poses(
    transforms: Tensor,
    skeleton: Skeleton,
    joints: Sequence[int],
    degrees: tuple[float, float],
    generator: np.random.Generator,
) -> Tensor:
    """Turn every joint of every photo about an axis of its own: (P, J, 4, 4).

    Axes are drawn evenly from the sphere, angles evenly from `degrees`. Where the root is and how
    it is turned stays as it was.

    Args:
        transforms: (P, J, 4, 4), canonical to posed.
        joints: bones that are turned.
    """
    count = len(transforms)
    axes = torch.from_numpy(generator.normal(size=(count, len(joints), 3))).to(transforms)
    angles = np.radians(generator.uniform(*degrees, (count, len(joints), 1)))
    vectors = F.normalize(axes, dim=-1) * torch.from_numpy(angles).to(transforms)
    local = local_turns(transforms, skeleton.parents)
    rows = torch.tensor(list(joints))
    local[:, rows] = local[:, rows] @ rotation_matrices(vectors)
    moved = forward_kinematics(skeleton.parents, skeleton.heads, local)
    there = transform_heads(transforms, skeleton.heads)[:, :1]
    shift = torch.zeros_like(moved)
    shift[..., :3, 3] = there - transform_heads(moved, skeleton.heads)[:, :1]
    return moved + shift


def joint_errors(
    found: Tensor,
    true: Tensor,
    skeleton: Skeleton,
    joints: Sequence[int],
    limbs: Tensor,
    cameras: Cameras,
) -> JointErrors:
    """Compare the turns of joints against their parents.

    The turn from one to the other is one rotation vector. In the posed world it has a part along
    the limb, a part that turns the limb about the line of sight, and a part at right angles to
    both, which only shortens or lengthens the limb's picture.

    Args:
        found, true: (P, J, 4, 4), canonical to posed.
        joints: bones, N of them.
        limbs: (N, 3) unit, where the limb behind each joint points in the canonical pose.
        cameras: P.
    """
    rows = torch.tensor(list(joints))
    here = local_turns(found.double(), skeleton.parents)[:, rows]
    there = local_turns(true.double(), skeleton.parents)[:, rows]
    above = torch.tensor([skeleton.parents[joint] for joint in joints])
    frame = true.double()[:, above, :3, :3]
    vectors = rotation_vectors(frame @ here @ there.transpose(-1, -2) @ frame.transpose(-1, -2))
    turned = true.double()[:, rows, :3, :3]
    along = F.normalize((turned @ limbs.double()[..., None])[..., 0], dim=-1)
    head = transform_heads(true.double(), skeleton.heads.double())[:, rows]
    eye = torch.linalg.inv(cameras.world_to_view.double())[:, :3, 3]
    sight = F.normalize(eye[:, None] - head, dim=-1)
    sideways = F.normalize(sight - (sight * along).sum(-1, keepdim=True) * along, dim=-1)
    inward = torch.linalg.cross(along, sideways)
    parts = [(vectors * axis).sum(-1).abs() for axis in (sideways, inward, along)]
    degrees = [torch.rad2deg(part) for part in (vectors.norm(dim=-1), *parts)]
    return JointErrors(*degrees)


def joints_in_picture(
    poses: PhotoPoses, skeleton: Skeleton, joints: Sequence[int], limbs: Tensor
) -> Tensor:
    """At which joints a picture shows the joint and the first LIMB_LENGTH behind it, (P, N) bool.

    What hides them is not looked for.
    """
    rows = torch.tensor(list(joints))
    heads = skeleton.heads.double()[rows]
    inside = torch.ones(len(poses.photos), len(joints), dtype=torch.bool)
    transforms = poses.bone_transforms.double()[:, rows]
    for points in (heads, heads + LIMB_LENGTH * limbs.double()):
        world = (transforms[..., :3, :3] @ points[..., None])[..., 0] + transforms[..., :3, 3]
        inside &= _in_picture(world, poses)
    return inside


def _in_picture(points: Tensor, poses: PhotoPoses) -> Tensor:
    view = poses.cameras.world_to_view.double()
    seen = torch.einsum("prc,pnc->pnr", view[:, :3, :3], points) + view[:, None, :3, 3]
    focal = 1 / torch.tan(poses.cameras.vertical_fov.double() / 2)[:, None]
    aspect = (poses.image_sizes[:, 1] / poses.image_sizes[:, 0]).double()[:, None]
    depth = (-seen[..., 2]).clamp(min=1e-3)
    across, up = focal * seen[..., 0] / depth, focal * seen[..., 1] / depth
    return (seen[..., 2] < 0) & (across.abs() < aspect) & (up.abs() < 1)


def mean_degrees(errors: Tensor, counted: Tensor) -> float:
    """Mean of (P, N) over what is counted, (P, N) bool."""
    return float(errors[counted].mean()) if bool(counted.any()) else math.nan
