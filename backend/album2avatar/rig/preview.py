"""Picture of the rig at work: the avatar at rest and bent at its large joints."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.kinematics import forward_kinematics, rotation_matrices
from album2avatar.body.model import anatomical_frames
from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import Skeleton
from album2avatar.mesh.normals import vertex_normals
from album2avatar.pictures import save_picture, tiled
from album2avatar.render.camera import orbit
from album2avatar.render.images import area_downsample
from album2avatar.render.shading import render_colors
from album2avatar.render.texture import texture

Bends = dict[str, tuple[float, float]]
"""Keypoint to degrees of flexing and of moving sideways (to the left side's outside)."""

BENDS: tuple[Bends, ...] = (
    {},
    {"left_shoulder": (0, 45), "right_shoulder": (0, -45)},
    {"left_elbow": (45, 0), "right_knee": (-45, 0), "right_hip": (45, 0)},
)
_SIDES = torch.tensor([0.0, math.radians(50)])
_SIZE = 256
_LIGHT = torch.tensor([0.0, -0.53, 0.848])
"""Towards the light: before and above the person."""
_AMBIENT = 0.6


def bent_skeleton(skeleton: Skeleton, kind: str, bends: Bends) -> Tensor:
    """Bone transforms (1, J, 4, 4) after bending joints, canonical to posed."""
    local = torch.eye(3).repeat(1, len(skeleton.names), 1, 1)
    for keypoint, (flexed, sideways) in bends.items():
        bone = skeleton.names.index(keypoint_bones(kind)[keypoint])
        frame = anatomical_frames((skeleton.tails - skeleton.heads)[bone][None])[0]
        angles = torch.tensor([math.radians(flexed), 0.0, math.radians(sideways)])
        local[0, bone] = frame @ rotation_matrices(angles) @ frame.T
    return forward_kinematics(skeleton.parents, skeleton.heads, local)


def save_bends(path: Path, avatar: RiggedAvatar, albedo: Tensor, kind: str) -> Path:
    """Write the avatar in colour: a column for each of `BENDS`, from the front and from a side.

    Args:
        albedo: (H, W, 3) sRGB, row 0 at v = 0.
        kind: of the body whose skeleton it is.
    """
    surface = _one_surface(avatar.parts, albedo)
    vertices = surface.vertices
    tall = float(vertices[:, 2].max() - vertices[:, 2].min())
    middle = (vertices.amax(0) + vertices.amin(0)) / 2
    cameras = orbit(
        _SIDES, torch.zeros(2), middle.expand(2, 3), torch.tensor([1.25 * tall] * 2), 0.4
    )
    background = torch.full((1, 1, 1, 3), 0.93)
    columns: list[Tensor] = []
    with torch.no_grad():
        for bends in BENDS:
            transforms = bent_skeleton(avatar.skeleton, kind, bends)
            posed = skin_points(vertices, surface.weights, transforms)[0]
            light = (vertex_normals(posed, surface.faces) @ _LIGHT).clamp(min=0)[:, None]
            shaded = surface.colors * (_AMBIENT + (1 - _AMBIENT) * light)
            pictures, _ = render_colors(
                posed, surface.faces, shaded, cameras, (2 * _SIZE, 2 * _SIZE), background
            )
            columns.append(area_downsample(pictures, 2))
    save_picture(path, tiled(torch.stack(columns, 1).flatten(0, 1), len(BENDS)))
    return path


@dataclass(frozen=True)
class _Surface:
    vertices: Tensor
    faces: Tensor
    weights: Tensor
    colors: Tensor
    """(V, 3) sRGB."""


def _one_surface(parts: Sequence[RiggedPart], albedo: Tensor) -> _Surface:
    """All parts as one mesh with a colour at each vertex: enough for small pictures."""
    starts = [0]
    for part in parts:
        starts.append(starts[-1] + len(part.mesh.vertices))
    return _Surface(
        torch.cat([part.mesh.vertices for part in parts]),
        torch.cat([part.mesh.faces + start for part, start in zip(parts, starts, strict=False)]),
        torch.cat([part.weights for part in parts]),
        torch.cat([_vertex_colors(part, albedo) for part in parts]),
    )


def _vertex_colors(part: RiggedPart, albedo: Tensor) -> Tensor:
    if part.uv is None or part.texture != "albedo":
        return torch.tensor(part.texture).expand(len(part.mesh.vertices), 3)
    colors = torch.zeros(len(part.mesh.vertices), 3)
    # A vertex on a seam takes the colour of one of its places in the texture.
    colors[part.mesh.faces.flatten()] = texture(
        albedo, part.uv.coordinates[part.uv.faces.flatten()], "clamp"
    )
    return colors
