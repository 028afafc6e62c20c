"""What an avatar's file says besides its geometry. Knows nothing of Blender."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import AvatarError

KEY = "album2avatar"
"""Name of the extras in the file, and of the custom property on the armature."""
CLIP = "clip"
"""Part of the extras of an animated avatar: how the video saw it."""
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
class Part:
    """One primitive of the mesh; its material bears its name."""

    name: str
    faces: int
    texture: str
    """`albedo` where it shows the painted texture, `color` where it has one colour."""
    asset_faces: tuple[int, ...]
    """How many of its faces belong to each asset, in the order of both; empty where it is
    unknown."""
    quads: tuple[int, ...] = ()
    """How many quads each asset's faces begin with, each as two triangles one after the other;
    last those of faces without an asset."""


@dataclass(frozen=True)
class AssetLabel:
    """A piece of the person: what it is, what it is called, and its word in the prior."""

    kind: str
    name: str
    token: str


@dataclass(frozen=True)
class AvatarMetadata:
    """Extras of an avatar that the importer acts on."""

    bones: tuple[BoneRest, ...]
    landmarks: Mapping[str, str]
    """Keypoint of the body, such as `left_elbow`, to the bone that starts there."""
    parts: tuple[Part, ...]
    assets: tuple[AssetLabel, ...]


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
        parts = parse_parts(extras)
        assets = parse_assets(extras)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise AvatarError(
            f"The avatar's file is damaged ({error} can't be read). Export it again "
            "with album2avatar export --glb."
        ) from error
    return AvatarMetadata(bones, landmarks, parts, assets)


def parse_parts(extras: Mapping[str, Any]) -> tuple[Part, ...]:
    """Read what the extras say about the mesh's primitives."""
    return tuple(
        Part(
            str(part["name"]),
            int(part["faces"]),
            str(part.get("texture", "color")),
            tuple(int(count) for count in part.get("asset_faces", ())),
            tuple(int(count) for count in part.get("quads", ())),
        )
        for part in extras.get("parts", ())
    )


def parse_assets(extras: Mapping[str, Any]) -> tuple[AssetLabel, ...]:
    """Read what the extras say about the person's assets."""
    return tuple(
        AssetLabel(str(asset["kind"]), str(asset["name"]), str(asset["token"]))
        for asset in extras.get("assets", ())
    )


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
