"""What an avatar's file says besides its geometry. Knows nothing of Blender."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AvatarError

KEY = "album2avatar"
"""Name of the extras in the file, and of the custom property on the armature."""
NEWEST_FORMAT = 1


@dataclass(frozen=True)
class BoneRest:
    """A bone at rest: metres, in the armature's space, which is Blender's (Z up)."""

    name: str
    head: tuple[float, float, float]
    tail: tuple[float, float, float]
    roll_axis: tuple[float, float, float]
    """The bone's Z axis."""


@dataclass(frozen=True)
class AvatarMetadata:
    """Extras of an avatar that the importer acts on."""

    bones: tuple[BoneRest, ...]
    landmarks: Mapping[str, str]
    """Keypoint of the body, such as `left_elbow`, to the bone that starts there."""


def parse_metadata(extras: Any) -> AvatarMetadata:
    """Check and read an avatar's extras.

    Raises:
        AvatarError: the file was not made by album2avatar, by a newer one, or is damaged.
    """
    if not isinstance(extras, Mapping) or "format" not in extras:
        raise AvatarError(
            "This file is no album2avatar avatar. Use File > Import > glTF 2.0 for other models."
        )
    if extras["format"] != NEWEST_FORMAT:
        raise AvatarError(
            f"This avatar has format {extras['format']}; this extension reads format "
            f"{NEWEST_FORMAT}. Update the extension in Preferences > Get Extensions."
        )
    try:
        bones = tuple(_parse_bone(bone) for bone in extras["bones"])
        landmarks = {str(key): str(bone) for key, bone in extras["landmarks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AvatarError(
            f"The avatar's file is damaged (its bones can't be read: {error}). Export it again "
            "with album2avatar export --glb."
        ) from error
    return AvatarMetadata(bones, landmarks)


def _parse_bone(bone: Mapping[str, Any]) -> BoneRest:
    matrix = _numbers(bone["matrix"], 16)
    x, y, z = matrix[2], matrix[6], matrix[10]
    return BoneRest(
        name=str(bone["name"]),
        head=_point(bone["head"]),
        tail=_point(bone["tail"]),
        roll_axis=(x, y, z),
    )


def _point(values: Sequence[Any]) -> tuple[float, float, float]:
    x, y, z = _numbers(values, 3)
    return x, y, z


def _numbers(values: Sequence[Any], count: int) -> list[float]:
    numbers = [float(value) for value in values]
    if len(numbers) != count or not all(math.isfinite(number) for number in numbers):
        raise ValueError(f"{count} numbers expected")
    return numbers
