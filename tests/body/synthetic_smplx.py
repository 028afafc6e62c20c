"""A file with the keys and shapes of an SMPL-X model and the content of a stick figure.

The joints stand where a person has them, so that posing can be checked; the surface is a
cloud of points around the bones. Nothing in it comes from the SMPL-X model.
"""

from pathlib import Path
from typing import Any

import numpy as np

PARENTS = [
    -1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19, 15, 15, 15,
    20, 25, 26, 20, 28, 29, 20, 31, 32, 20, 34, 35, 20, 37, 38,
    21, 40, 41, 21, 43, 44, 21, 46, 47, 21, 49, 50, 21, 52, 53,
]  # fmt: skip

_LEFT = {
    1: (0.06, -0.09, 0), 4: (0.1, -0.47, 0), 7: (0.09, -0.87, -0.03), 10: (0.12, -0.93, 0.1),
    13: (0.06, 0.42, 0), 16: (0.17, 0.44, 0), 18: (0.43, 0.44, -0.01), 20: (0.68, 0.44, 0),
    23: (0.03, 0.66, 0.08),
}  # fmt: skip
_MIDDLE = {
    0: (0, 0, 0), 3: (0, 0.11, 0), 6: (0, 0.24, 0), 9: (0, 0.3, 0), 12: (0, 0.5, 0),
    15: (0, 0.58, 0.02), 22: (0, 0.56, 0.06),
}  # fmt: skip


def joint_places() -> np.ndarray:
    """(55, 3) metres, Y up, facing +Z, T-pose."""
    places = np.zeros((55, 3))
    for joint, place in _MIDDLE.items():
        places[joint] = place
    for joint, place in _LEFT.items():
        places[joint] = place
        places[joint + 1] = np.array(place) * (-1, 1, 1)
    for finger in range(5):
        for knuckle in range(3):
            left = 25 + 3 * finger + knuckle
            places[left] = (0.76 + 0.03 * knuckle, 0.44, 0.04 - 0.02 * finger)
            places[left + 15] = places[left] * (-1, 1, 1)
    return places


def write_synthetic_smplx(path: Path, seed: int = 0, **changed: Any) -> dict[str, Any]:
    """Write the file; arrays in `changed` replace its own, None leaves a key out."""
    generator = np.random.default_rng(seed)
    count = 10475
    places = joint_places()
    owner = np.arange(count) * 55 // count
    offsets = 0.02 * generator.standard_normal((count, 3))
    for joint in range(55):
        offsets[owner == joint] -= offsets[owner == joint].mean(0)
    regressor = np.zeros((55, count))
    regressor[owner, np.arange(count)] = 1 / np.bincount(owner)[owner]
    weights = np.zeros((count, 55))
    weights[np.arange(count), owner] = 1
    directions = 1e-2 * generator.standard_normal((1, 3, 20)) * np.ones((count, 1, 1))
    directions[:, 1, 0] += 0.05 * places[owner, 1]
    tree = np.stack([np.array(PARENTS, np.int64) & 0xFFFFFFFF, np.arange(55)])
    arrays: dict[str, Any] = {
        "v_template": places[owner] + offsets,
        "f": np.stack([np.arange(count - 2), np.arange(1, count - 1), np.arange(2, count)], 1),
        "shapedirs": directions,
        "posedirs": np.zeros((count, 3, 486), np.float16),
        "J_regressor": regressor,
        "weights": weights,
        "kintree_table": tree,
        "hands_componentsl": np.eye(45),
        "hands_componentsr": np.eye(45),
        "hands_meanl": np.zeros(45),
        "hands_meanr": np.zeros(45),
        "lmk_faces_idx": np.arange(51),
        "lmk_bary_coords": np.full((51, 3), 1 / 3),
    } | changed
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return arrays
