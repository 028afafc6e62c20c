"""How a video saw the avatar that moves as in it. Knows nothing of Blender."""

import math
import struct
from dataclasses import dataclass
from pathlib import Path

from ..avatar.glb_file import read_chunks
from ..avatar.metadata import CLIP, KEY


@dataclass(frozen=True)
class ClipCamera:
    """The camera of a video, which stands still."""

    to_avatar: tuple[float, ...]
    """(16,) row by row: from the camera, which looks along its -z with y up, to the armature's
    space; metres."""
    vertical_fov: float
    """Radians."""


def read_camera(path: Path) -> ClipCamera | None:
    """Read the camera from the extras of an animated avatar's GLB; None where there is none."""
    try:
        document, _ = read_chunks(path.read_bytes())
        extras = [node.get("extras", {}).get(KEY, {}) for node in document["nodes"]]
        clip = next(found[CLIP] for found in extras if CLIP in found)
        numbers = [float(value) for value in (*clip["camera_to_world"], clip["vertical_fov"])]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration, struct.error):
        return None
    if len(numbers) != 17 or not all(map(math.isfinite, numbers)):
        return None
    return ClipCamera(tuple(numbers[:16]), numbers[16])
