"""A motion of the skeleton as a glTF animation.

Source: Khronos, "glTF 2.0 specification", 2021, section 3.11.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from album2avatar.body.types import Skeleton
from album2avatar.export.axes import (
    Floats,
    nearest_rotation,
    quaternion_from_rotation,
    turn_bones,
)
from album2avatar.export.gltf_buffer import GltfBuffer
from album2avatar.export.gltf_skeleton import bone_matrices

MOVED = 1e-6
"""Change of a quaternion below which a bone rests, and needs no channel."""


@dataclass(frozen=True)
class Motion:
    """A skeleton in T poses."""

    name: str
    seconds: Sequence[float]
    """T moments, ascending."""
    transforms: Floats
    """(T, J, 4, 4) of the world's space: moves a point that hangs on bone j at rest to where it is.
    Chained turns about the bones' heads; only the root may also be shifted."""


def build_animation(
    buffer: GltfBuffer, skeleton: Skeleton, motion: Motion, first_node: int
) -> dict[str, Any]:
    """One animation: turns of every bone that moves, and the places of the roots.

    Args:
        first_node: index of the skeleton's first bone among the file's nodes.
    """
    turns, places = local_motion(skeleton, motion.transforms)
    times = buffer.add_times(np.asarray(motion.seconds, np.float32))
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def add(bone: int, path: str, values: Floats) -> None:
        output = buffer.add_array(values.astype(np.float32))
        channels.append(
            {"sampler": len(samplers), "target": {"node": first_node + bone, "path": path}}
        )
        samplers.append({"input": times, "output": output, "interpolation": "LINEAR"})

    rest = rest_turns(skeleton)
    for bone, parent in enumerate(skeleton.parents):
        away = np.minimum(
            np.abs(turns[:, bone] - rest[bone]).max(), np.abs(turns[:, bone] + rest[bone]).max()
        )
        if parent < 0 or away > MOVED:
            add(bone, "rotation", turns[:, bone])
        if parent < 0:
            add(bone, "translation", places[:, bone])
    return {"name": motion.name, "samplers": samplers, "channels": channels}


def local_motion(skeleton: Skeleton, transforms: Floats) -> tuple[Floats, Floats]:
    """Each bone against its parent: quaternions (T, J, 4), places (T, J, 3), in glTF's frame.

    Neighbouring quaternions lie on the same side, so that readers turn the short way.
    """
    to_world = np.linalg.inv(turn_bones(np.eye(4)))
    world = turn_bones(transforms @ to_world @ bone_matrices(skeleton))
    local = world.copy()
    for bone, parent in enumerate(skeleton.parents):
        if parent >= 0:
            local[:, bone] = np.linalg.inv(world[:, parent]) @ world[:, bone]
    turns = np.stack(
        [
            np.stack([quaternion_from_rotation(nearest_rotation(one[:3, :3])) for one in pose])
            for pose in local
        ]
    )
    for moment in range(1, len(turns)):
        opposite = (turns[moment] * turns[moment - 1]).sum(-1) < 0
        turns[moment, opposite] *= -1
    return turns, local[..., :3, 3]


def rest_turns(skeleton: Skeleton) -> Floats:
    """(J, 4) each bone's quaternion at rest, as its node has it."""
    still = np.broadcast_to(np.eye(4), (1, len(skeleton.names), 4, 4))
    return local_motion(skeleton, still)[0][0]
