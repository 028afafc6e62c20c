"""From joint turns to bone transforms."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.model import BodyModel, RestBody
from album2avatar.body.skinning import skin_points


@dataclass(frozen=True)
class PosedBody:
    """A body in P poses. World frame, metres."""

    vertices: Tensor
    """(P, V, 3)."""
    heads: Tensor
    """(P, J, 3)."""
    bone_transforms: Tensor
    """(P, J, 4, 4), canonical to posed."""


def pose_body(
    model: BodyModel,
    rest: RestBody,
    rotations: Tensor,
    root_rotation: Tensor,
    translation: Tensor,
) -> PosedBody:
    """Pose a body; differentiable in everything.

    Args:
        rotations: (P, N, 3) axis-angle turns in the joints' frames, radians.
        root_rotation: (P, 3, 3) turns the whole body about its root's head.
        translation: (P, 3) where the root's head goes, metres.
    """
    transforms = pose_bones(model, rest.heads, rotations, root_rotation, translation)
    return PosedBody(
        vertices=skin_points(rest.vertices, model.weights, transforms),
        heads=transform_heads(transforms, rest.heads),
        bone_transforms=transforms,
    )


def pose_bones(
    model: BodyModel, heads: Tensor, rotations: Tensor, root_rotation: Tensor, translation: Tensor
) -> Tensor:
    """Bone transforms (P, J, 4, 4), canonical to posed; arguments as `pose_body`."""
    frames = model.joint_frames.to(rotations)
    turns = frames @ rotation_matrices(rotations) @ frames.transpose(-1, -2)
    count, bones = rotations.shape[0], len(model.parents)
    local = torch.eye(3, dtype=turns.dtype, device=turns.device).repeat(count, bones, 1, 1)
    local = local.index_copy(1, model.joint_bones.to(turns.device), turns)
    local = torch.cat([root_rotation[:, None] @ local[:, :1], local[:, 1:]], 1)
    transforms = forward_kinematics(model.parents, heads, local)
    shift = torch.zeros_like(transforms)
    shift[..., :3, 3] = (translation - heads[0])[:, None]
    return transforms + shift


def forward_kinematics(parents: Sequence[int], heads: Tensor, local: Tensor) -> Tensor:
    """Chain turns about the bones' heads.

    Args:
        parents: of J bones, -1 for the root; parents come first.
        heads: (J, 3) in the rest pose, or (P, J, 3), one rest pose for each.
        local: (P, J, 3, 3) turn of each bone against its parent, in the rest pose's axes.

    Returns:
        (P, J, 4, 4) transforms of points of the rest pose.
    """
    moves = heads - torch.einsum("pjrc,pjc->pjr", local, heads.expand(*local.shape[:2], 3))
    bottom = torch.tensor([0.0, 0.0, 0.0, 1.0], dtype=local.dtype, device=local.device)
    rows = torch.cat([local, moves[..., None]], -1)
    steps = torch.cat([rows, bottom.expand(*rows.shape[:2], 1, 4)], -2)
    world: list[Tensor] = [steps[:, 0]] * len(parents)
    for level in _levels(parents):
        chained = torch.stack([world[parents[bone]] for bone in level], 1) @ steps[:, level]
        for position, bone in enumerate(level):
            world[bone] = chained[:, position]
    return torch.stack(world, 1)


def transform_heads(transforms: Tensor, heads: Tensor) -> Tensor:
    """Posed heads (P, J, 3) of the bones with `transforms` (P, J, 4, 4)."""
    return torch.einsum("pjrc,jc->pjr", transforms[..., :3, :3], heads) + transforms[..., :3, 3]


def rotation_matrices(axis_angles: Tensor) -> Tensor:
    """Rotation matrices (..., 3, 3) of axis-angle vectors (..., 3), radians.

    Rodrigues' formula with series near zero, so that the gradient exists at rest.
    """
    squared = (axis_angles * axis_angles).sum(-1)[..., None, None]
    small = squared < 1e-8
    safe = torch.where(small, torch.ones_like(squared), squared)
    angle = safe.sqrt()
    sine = torch.where(small, 1 - squared / 6, angle.sin() / angle)
    cosine = torch.where(small, 0.5 - squared / 24, (1 - angle.cos()) / safe)
    x, y, z = axis_angles.unbind(-1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1)
    cross = cross.reshape(*axis_angles.shape[:-1], 3, 3)
    identity = torch.eye(3, dtype=axis_angles.dtype, device=axis_angles.device)
    return identity + sine * cross + cosine * (cross @ cross)


def rotation_vectors(rotations: Tensor) -> Tensor:
    """Axis times angle (..., 3) of rotations (..., 3, 3) by less than π: what `rotation_matrices`
    takes. Differentiable at rest, too."""
    skew = torch.stack(
        [
            rotations[..., 2, 1] - rotations[..., 1, 2],
            rotations[..., 0, 2] - rotations[..., 2, 0],
            rotations[..., 1, 0] - rotations[..., 0, 1],
        ],
        -1,
    )
    sine = (skew.square().sum(-1) + 1e-10).sqrt() / 2
    cosine = (rotations.diagonal(dim1=-2, dim2=-1).sum(-1) - 1) / 2
    return (torch.atan2(sine, cosine) / (2 * sine))[..., None] * skew


def _levels(parents: Sequence[int]) -> list[list[int]]:
    """Bones below the root, by their distance to it."""
    depth = [0] * len(parents)
    for bone, parent in enumerate(parents):
        depth[bone] = depth[parent] + 1 if parent >= 0 else 0
    return [
        [bone for bone, level in enumerate(depth) if level == wanted]
        for wanted in range(1, max(depth) + 1)
    ]
