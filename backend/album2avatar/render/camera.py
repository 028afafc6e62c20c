"""Pinhole cameras."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Cameras:
    """A batch of pinhole cameras with square pixels and the principal point in the centre.

    View frame as in OpenGL: x right, y up, the camera looks along -z.
    """

    world_to_view: Tensor
    """(B, 4, 4) float, rigid."""
    vertical_fov: Tensor
    """(B,) float, radians, the angle over the image's height."""

    def clip_from_world(self, aspect: float, near: float = 0.05, far: float = 50.0) -> Tensor:
        """Projection to clip space.

        Args:
            aspect: image width divided by height.
            near, far: clip distances in metres.

        Returns:
            (B, 4, 4); multiply with column vectors (x, y, z, 1) in metres.
        """
        return perspective(self.vertical_fov, aspect, near, far) @ self.world_to_view

    def at(self, index: int) -> "Cameras":
        """One of them, as a batch of one."""
        return self.take(slice(index, index + 1))

    def take(self, rows: slice | Tensor) -> "Cameras":
        """Some of them, by a slice or int64 indices."""
        return Cameras(self.world_to_view[rows], self.vertical_fov[rows])

    def to(self, device: torch.device | str) -> "Cameras":
        """The same on another device."""
        return Cameras(self.world_to_view.to(device), self.vertical_fov.to(device))

    def __len__(self) -> int:
        return self.world_to_view.shape[0]


def perspective(vertical_fov: Tensor, aspect: float, near: float, far: float) -> Tensor:
    """OpenGL perspective matrices, (B, 4, 4), for `vertical_fov` (B,) in radians."""
    focal = 1.0 / torch.tan(vertical_fov / 2)
    zero, one = torch.zeros_like(focal), torch.ones_like(focal)
    depth_scale = -(far + near) / (far - near) * one
    depth_shift = -2.0 * far * near / (far - near) * one
    rows = [
        torch.stack([focal / aspect, zero, zero, zero], -1),
        torch.stack([zero, focal, zero, zero], -1),
        torch.stack([zero, zero, depth_scale, depth_shift], -1),
        torch.stack([zero, zero, -one, zero], -1),
    ]
    return torch.stack(rows, -2)


def look_at(eye: Tensor, target: Tensor) -> Tensor:
    """World-to-view matrices of cameras that stand at `eye` and look at `target`.

    Args:
        eye, target: (B, 3) metres, Z up. The line of sight must not be vertical.

    Returns:
        (B, 4, 4).
    """
    backward = torch.nn.functional.normalize(eye - target, dim=-1)
    up = torch.tensor([0.0, 0.0, 1.0], dtype=eye.dtype, device=eye.device).expand_as(eye)
    right = torch.nn.functional.normalize(torch.linalg.cross(up, backward), dim=-1)
    rotation = torch.stack([right, torch.linalg.cross(backward, right), backward], -2)
    matrix = torch.eye(4, dtype=eye.dtype, device=eye.device).repeat(eye.shape[0], 1, 1)
    matrix[:, :3, :3] = rotation
    matrix[:, :3, 3] = -(rotation @ eye[..., None])[..., 0]
    return matrix


def orbit(
    azimuth: Tensor, elevation: Tensor, target: Tensor, frame_height: Tensor, vertical_fov: float
) -> Cameras:
    """Cameras on spheres around targets.

    Args:
        azimuth: (B,) radians; 0 stands at -Y (in front of the person), positive turns
            towards +X (the person's left).
        elevation: (B,) radians above the horizon.
        target: (B, 3) metres, the image's centre.
        frame_height: (B,) metres that the image's height spans at the target.
        vertical_fov: radians.
    """
    distance = frame_height / (2.0 * math.tan(vertical_fov / 2))
    direction = torch.stack(
        [
            torch.sin(azimuth) * torch.cos(elevation),
            -torch.cos(azimuth) * torch.cos(elevation),
            torch.sin(elevation),
        ],
        -1,
    )
    eye = target + direction * distance[:, None]
    return Cameras(look_at(eye, target), torch.full_like(azimuth, vertical_fov))
