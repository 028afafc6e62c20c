"""Picture of the rig at work: the avatar at rest and bent at its large joints."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from album2avatar.body.joints import keypoint_bones
from album2avatar.body.kinematics import forward_kinematics, rotation_matrices
from album2avatar.body.model import anatomical_frames
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import CanonicalBody, Skeleton
from album2avatar.files import atomic_path
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import orbit
from album2avatar.render.images import area_downsample
from album2avatar.render.shading import render_normals

Bends = dict[str, tuple[float, float]]
"""Keypoint to degrees of flexing and of moving sideways (to the left side's outside)."""

BENDS: tuple[Bends, ...] = (
    {},
    {"left_shoulder": (0, 45), "right_shoulder": (0, -45)},
    {"left_elbow": (45, 0), "right_knee": (-45, 0), "right_hip": (45, 0)},
)
_SIZE = 256


def bent_skeleton(skeleton: Skeleton, kind: str, bends: Bends) -> Tensor:
    """Bone transforms (1, J, 4, 4) after bending joints, canonical to posed."""
    local = torch.eye(3).repeat(1, len(skeleton.names), 1, 1)
    for keypoint, (flexed, sideways) in bends.items():
        bone = skeleton.names.index(keypoint_bones(kind)[keypoint])
        frame = anatomical_frames((skeleton.tails - skeleton.heads)[bone][None])[0]
        angles = torch.tensor([math.radians(flexed), 0.0, math.radians(sideways)])
        local[0, bone] = frame @ rotation_matrices(angles) @ frame.T
    return forward_kinematics(skeleton.parents, skeleton.heads, local)


def save_bends(path: Path, mesh: Mesh, weights: Tensor, body: CanonicalBody) -> Path:
    """Write normal maps of the mesh in each of `BENDS`, from the front and from a side."""
    tall = float(mesh.vertices[:, 2].max() - mesh.vertices[:, 2].min())
    middle = (mesh.vertices.amax(0) + mesh.vertices.amin(0)) / 2
    angles = torch.tensor([0.0, math.radians(50)])
    cameras = orbit(
        angles, torch.zeros(2), middle.expand(2, 3), torch.tensor([1.25 * tall] * 2), 0.4
    )
    rows: list[Tensor] = []
    with torch.no_grad():
        for bends in BENDS:
            transforms = bent_skeleton(body.skeleton, body.kind, bends)
            posed = skin_points(mesh.vertices, weights, transforms)[0]
            normals, _ = render_normals(posed, mesh.faces, cameras, (2 * _SIZE, 2 * _SIZE))
            rows.append(torch.cat(list(area_downsample(normals, 2)), dim=1))
    pixels = (torch.cat(rows, dim=1).clamp(0, 1) * 255).round().to(torch.uint8).numpy()
    with atomic_path(path) as temporary:
        Image.fromarray(np.ascontiguousarray(pixels)).save(temporary)
    return path
