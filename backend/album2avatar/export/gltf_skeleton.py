"""A skeleton as glTF nodes and a skin."""

from typing import Any

import numpy as np

from album2avatar.body.types import Skeleton
from album2avatar.export.axes import (
    Floats,
    nearest_rotation,
    quaternion_from_rotation,
    turn_bones,
)


def bone_matrices(skeleton: Skeleton) -> Floats:
    """Bone-to-glTF rest matrices, (J, 4, 4), rigid to double precision."""
    rigid = skeleton.matrices.double().numpy().copy()
    for matrix in rigid:
        matrix[:3, :3] = nearest_rotation(matrix[:3, :3])
        matrix[3] = (0.0, 0.0, 0.0, 1.0)
    return turn_bones(rigid)


def joint_nodes(skeleton: Skeleton, first_node: int) -> list[dict[str, Any]]:
    """One node for each bone, in the skeleton's order.

    Args:
        first_node: index that the skeleton's first bone gets among the file's nodes.
    """
    world = bone_matrices(skeleton)
    children: list[list[int]] = [[] for _ in skeleton.names]
    for bone, parent in enumerate(skeleton.parents):
        if parent >= 0:
            children[parent].append(first_node + bone)
    return [
        _joint_node(name, _local_matrix(world, bone, skeleton.parents[bone]), children[bone])
        for bone, name in enumerate(skeleton.names)
    ]


def inverse_bind_matrices(skeleton: Skeleton) -> Floats:
    """(J, 4, 4) that take a point of the canonical pose into each bone's frame."""
    inverse = np.linalg.inv(bone_matrices(skeleton)).astype(np.float64)
    inverse[:, 3] = (0.0, 0.0, 0.0, 1.0)
    return inverse


def _local_matrix(world: Floats, bone: int, parent: int) -> Floats:
    return world[bone] if parent < 0 else np.linalg.inv(world[parent]) @ world[bone]


def _joint_node(name: str, local: Floats, children: list[int]) -> dict[str, Any]:
    node: dict[str, Any] = {
        "name": name,
        "translation": local[:3, 3].tolist(),
        "rotation": quaternion_from_rotation(local[:3, :3]).tolist(),
    }
    if children:
        node["children"] = children
    return node
