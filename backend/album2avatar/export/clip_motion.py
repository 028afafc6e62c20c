"""Tracked poses as a motion of the exported skeleton, and the camera that goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from album2avatar.body.rigged import RiggedAvatar
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.export.axes import Floats
from album2avatar.export.gltf_animation import Motion
from album2avatar.export.placement import floor_lift

NAME = "Clip"
"""Of the animation, and so of Blender's action."""
_FLOOR_SHARE = 0.05
"""Quantile of the frames' lowest points at which the floor is taken to be."""


@dataclass(frozen=True)
class PlacedClip:
    """A motion in the world of the exported avatar: floor at 0, beginning at the origin."""

    motion: Motion
    camera_to_world: Floats
    """(4, 4) metres, Z up; the camera looks along its -z, its y is up, as Blender's."""
    vertical_fov: float
    """Radians."""


def place_clip(avatar: RiggedAvatar, poses: PhotoPoses, seconds: Sequence[float]) -> PlacedClip:
    """Move tracked poses so that the person begins above the origin and stands on the floor.

    Args:
        avatar: as rigged, not lifted yet.
        poses: of the clip's frames, before one camera.
    """
    lowest = [
        min(
            float(skin_points(part.mesh.vertices, part.weights, one[None])[0, :, 2].min())
            for part in avatar.parts
        )
        for one in poses.bone_transforms
    ]
    root = poses.bone_transforms[0, 0] @ torch.cat([avatar.skeleton.heads[0], torch.ones(1)])
    shift = np.eye(4)
    shift[:2, 3] = -root[:2].double().numpy()
    shift[2, 3] = -float(np.quantile(lowest, _FLOOR_SHARE))
    # The exported rest pose is lifted, so what moves it lowers it first.
    lower = np.eye(4)
    lower[2, 3] = -floor_lift(avatar)
    transforms = shift @ poses.bone_transforms.double().numpy() @ lower
    to_view = poses.cameras.world_to_view[0].double().numpy()
    return PlacedClip(
        motion=Motion(NAME, seconds, transforms),
        camera_to_world=shift @ np.linalg.inv(to_view),
        vertical_fov=float(poses.cameras.vertical_fov[0]),
    )


def describe_clip(placed: PlacedClip, width: int, height: int, fps: float) -> dict[str, Any]:
    """Extras of an animated avatar: its camera, for whoever lays it over the plate."""
    return {
        "frames": len(placed.motion.seconds),
        "frames_per_second": fps,
        "width": width,
        "height": height,
        "camera_to_world": placed.camera_to_world.reshape(-1).tolist(),
        "vertical_fov": placed.vertical_fov,
    }
