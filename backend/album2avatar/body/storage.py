"""The fitted body and its poses on disk, as safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from album2avatar.body.types import CanonicalBody, PhotoPoses, Skeleton
from album2avatar.render.camera import Cameras
from album2avatar.tensor_files import damaged, read_tensors, write_tensors

_BODY = "canonical body"
_POSES = "photo poses"


def save_body(path: Path, body: CanonicalBody) -> None:
    """Write a canonical body atomically."""
    tensors = {
        "vertices": body.vertices,
        "faces": body.faces,
        "uv_coordinates": body.uv_coordinates,
        "uv_faces": body.uv_faces,
        "weights": body.weights,
        **skeleton_tensors(body.skeleton),
        **{f"parts.{name}": mask for name, mask in body.parts.items()},
    }
    header = {"body_kind": body.kind, **skeleton_header(body.skeleton), "parts": list(body.parts)}
    write_tensors(path, _BODY, tensors, header)


def load_body(path: Path) -> CanonicalBody:
    """Read a canonical body.

    Raises:
        WorkspaceError: the file is missing, damaged, or holds something else.
    """
    tensors, header = read_tensors(path, _BODY)
    try:
        return CanonicalBody(
            kind=header["body_kind"],
            vertices=tensors["vertices"],
            faces=tensors["faces"],
            uv_coordinates=tensors["uv_coordinates"],
            uv_faces=tensors["uv_faces"],
            skeleton=restore_skeleton(tensors, header),
            weights=tensors["weights"],
            parts={name: tensors[f"parts.{name}"] for name in header["parts"]},
        )
    except (KeyError, TypeError) as error:
        raise damaged(path, error) from error


def save_poses(path: Path, poses: PhotoPoses) -> None:
    """Write the poses of all photos atomically."""
    tensors = {
        "bone_transforms": poses.bone_transforms,
        "world_to_view": poses.cameras.world_to_view,
        "vertical_fov": poses.cameras.vertical_fov,
        "image_sizes": poses.image_sizes,
    }
    write_tensors(path, _POSES, tensors, {"photos": list(poses.photos)})


def load_poses(path: Path) -> PhotoPoses:
    """Read the poses of all photos.

    Raises:
        WorkspaceError: the file is missing, damaged, or holds something else.
    """
    tensors, header = read_tensors(path, _POSES)
    try:
        return PhotoPoses(
            photos=tuple(header["photos"]),
            bone_transforms=tensors["bone_transforms"],
            cameras=Cameras(tensors["world_to_view"], tensors["vertical_fov"]),
            image_sizes=tensors["image_sizes"],
        )
    except (KeyError, TypeError) as error:
        raise damaged(path, error) from error


def skeleton_tensors(skeleton: Skeleton) -> dict[str, Tensor]:
    """Tensors of a skeleton under the names that `restore_skeleton` reads."""
    return {
        "bones.heads": skeleton.heads,
        "bones.tails": skeleton.tails,
        "bones.matrices": skeleton.matrices,
    }


def skeleton_header(skeleton: Skeleton) -> dict[str, Any]:
    """Names and parents of a skeleton for a file's JSON header."""
    return {"bone_names": list(skeleton.names), "bone_parents": list(skeleton.parents)}


def restore_skeleton(tensors: Mapping[str, Tensor], header: Mapping[str, Any]) -> Skeleton:
    """Put a skeleton together again.

    Raises:
        KeyError: a tensor or a header field is missing.
    """
    return Skeleton(
        names=tuple(header["bone_names"]),
        parents=tuple(int(parent) for parent in header["bone_parents"]),
        heads=tensors["bones.heads"],
        tails=tensors["bones.tails"],
        matrices=tensors["bones.matrices"],
    )
