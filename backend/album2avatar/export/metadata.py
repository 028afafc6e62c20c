"""What glTF can't say about an avatar, for the extras of its file.

Blender turns extras into custom properties, which know no null and no list of mixed
types; so neither occurs here.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from album2avatar import __version__
from album2avatar.assets import Asset
from album2avatar.body.keypoints import KEYPOINT_BONES
from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.body.smplx_joints import KEYPOINT_JOINTS
from album2avatar.body.types import Skeleton
from album2avatar.settings import Settings

FORMAT = 1
"""Version of the extras' layout; a reader refuses a newer one."""

_LANDMARKS: Mapping[str, Mapping[str, str]] = {"anny": KEYPOINT_BONES, "smplx": KEYPOINT_JOINTS}
"""Rig to the bone that starts at each keypoint."""


def describe_avatar(
    avatar: RiggedAvatar, rig: str, assets: Iterable[Asset], settings: Settings
) -> dict[str, Any]:
    """Extras of an avatar's armature.

    Args:
        avatar: what is exported.
        rig: kind of the skeleton, `anny` or `smplx`.
        assets: the pieces of the person with their names and tokens.
        settings: what the avatar was made with.
    """
    return {
        "format": FORMAT,
        "version": __version__,
        "rig": rig,
        "seed": settings.seed,
        "bones": describe_bones(avatar.skeleton),
        "landmarks": {
            keypoint: bone
            for keypoint, bone in _LANDMARKS[rig].items()
            if bone in avatar.skeleton.names
        },
        "parts": [_describe_part(part) for part in avatar.parts],
        "assets": [
            {"kind": asset.kind, "name": asset.name, "token": asset.token} for asset in assets
        ],
        "settings": _shareable(settings.model_dump(mode="json", exclude_none=True)),
    }


def _describe_part(part: RiggedPart) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": part.name,
        "faces": len(part.mesh.faces),
        "texture": "albedo" if part.texture == "albedo" else "color",
    }
    # Blender's custom properties know no empty list.
    if part.asset_faces:
        described["asset_faces"] = list(part.asset_faces)
    if part.quads:
        described["quads"] = list(part.quads)
    return described


def describe_bones(skeleton: Skeleton) -> list[dict[str, Any]]:
    """Rest of each bone in the project's world: metres, Z up, facing -Y, which is Blender's.

    `matrix` is bone to world, row by row; its third column is the axis that fixes the roll.
    """
    return [
        {
            "name": name,
            "head": skeleton.heads[bone].tolist(),
            "tail": skeleton.tails[bone].tolist(),
            "matrix": skeleton.matrices[bone].reshape(-1).tolist(),
        }
        for bone, name in enumerate(skeleton.names)
    ]


def _shareable(value: Any) -> Any:
    """Settings without the artist's folders: an avatar is given to others, its paths are not."""
    if isinstance(value, dict):
        return {str(name): _shareable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return ", ".join(str(_shareable(inner)) for inner in value)
    if isinstance(value, str):
        return value.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return value
