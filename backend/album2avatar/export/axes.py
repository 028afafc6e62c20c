"""From the project's world (Z up, facing -Y) to glTF's (Y up, facing +Z)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

GLTF_FROM_WORLD: Floats = np.array(
    [
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 1.0, 0.0],
        [0.0, -1.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
)
"""A quarter turn about X; lengths and handedness stay."""


def turn_points(points: Floats) -> Floats:
    """World points or directions, (N, 3), in glTF's frame."""
    return points @ GLTF_FROM_WORLD[:3, :3].T


def turn_bones(matrices: Floats) -> Floats:
    """Bone-to-world matrices, (J, 4, 4), as bone-to-glTF matrices.

    The bone's own axes stay as they are (Y along the bone), as Blender writes and reads them.
    """
    return GLTF_FROM_WORLD @ matrices


def quaternion_from_rotation(rotation: Floats) -> Floats:
    """Unit quaternion (x, y, z, w), w >= 0, of a rotation matrix (3, 3).

    Source: Shepperd 1978, "Quaternion from rotation matrix": divide by the largest component.
    """
    m = rotation
    trace = np.trace(m)
    squares = np.array([m[0, 0], m[1, 1], m[2, 2], trace]) * 2.0 + 1.0 - trace
    squares[3] = 1.0 + trace
    largest = int(np.argmax(squares))
    x, y, z, w = 0, 1, 2, 3
    products = np.empty(4)
    products[largest] = squares[largest]
    if largest == w:
        products[:3] = m[2, 1] - m[1, 2], m[0, 2] - m[2, 0], m[1, 0] - m[0, 1]
    elif largest == x:
        products[1:] = m[0, 1] + m[1, 0], m[0, 2] + m[2, 0], m[2, 1] - m[1, 2]
    elif largest == y:
        products[[x, z, w]] = m[0, 1] + m[1, 0], m[1, 2] + m[2, 1], m[0, 2] - m[2, 0]
    else:
        products[[x, y, w]] = m[0, 2] + m[2, 0], m[1, 2] + m[2, 1], m[1, 0] - m[0, 1]
    quaternion = products / np.linalg.norm(products)
    return -quaternion if quaternion[w] < 0 else quaternion


def nearest_rotation(matrix: Floats) -> Floats:
    """Rotation closest to a 3 x 3 matrix; rids float32 rest matrices of their shear.

    Source: Kabsch 1976, by singular value decomposition.
    """
    left, _, right = np.linalg.svd(matrix)
    handed = np.diag([1.0, 1.0, np.linalg.det(left @ right)])
    return left @ handed @ right
