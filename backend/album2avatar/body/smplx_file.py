"""The user's SMPL-X model file, checked before anything trusts it."""

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from album2avatar.errors import ModelError

VERTEX_COUNT = 10475
JOINT_COUNT = 55

Array = npt.NDArray[Any]

_LARGEST = 4 * 2**30
"""Bytes after unpacking; the largest official file has 0.9 GiB."""

_WAY_OUT = (
    "Give the path of a model in NumPy format (such as SMPLX_NEUTRAL.npz) as downloaded from "
    "the SMPL-X site, or set fitting.body to 'anny'."
)

_SHAPES: dict[str, tuple[int | None, ...]] = {
    "v_template": (VERTEX_COUNT, 3),
    "f": (None, 3),
    "shapedirs": (VERTEX_COUNT, 3, None),
    "posedirs": (VERTEX_COUNT, 3, (JOINT_COUNT - 1) * 9),
    "J_regressor": (JOINT_COUNT, VERTEX_COUNT),
    "weights": (VERTEX_COUNT, JOINT_COUNT),
    "kintree_table": (2, JOINT_COUNT),
    "hands_componentsl": (45, 45),
    "hands_componentsr": (45, 45),
    "hands_meanl": (45,),
    "hands_meanr": (45,),
    "lmk_faces_idx": (None,),
    "lmk_bary_coords": (None, 3),
}
"""Key to the shape that it must have; None for any length."""

_TEXTURE_SHAPES: dict[str, tuple[int | None, ...]] = {"vt": (None, 2), "ft": (None, 3)}
"""Texture coordinates, which not every release has."""


def read_smplx_file(path: Path) -> dict[str, Array]:
    """Read the arrays of an SMPL-X model that are needed, without unpickling anything.

    Official files hold pickled tables next to the arrays; these are never touched.

    Raises:
        ModelError: the file is missing or no SMPL-X model; the message names the key.
    """
    if not path.is_file():
        raise ModelError(f"SMPL-X model {path} was not found. {_WAY_OUT}")
    if not zipfile.is_zipfile(path):
        raise ModelError(f"{path} is no .npz file. {_WAY_OUT}")
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _LARGEST:
            raise ModelError(f"{path} unpacks to more than 4 GiB. {_WAY_OUT}")
        with np.load(path, allow_pickle=False) as file:
            arrays = {key: _read(file, key, path) for key in _SHAPES}
            if all(key in file for key in _TEXTURE_SHAPES):
                arrays |= {key: _read(file, key, path) for key in _TEXTURE_SHAPES}
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        raise ModelError(f"{path} is damaged ({error}). {_WAY_OUT}") from error
    _check_indices(arrays, path)
    return arrays


def _read(file: Any, key: str, path: Path) -> Array:
    if key not in file:
        raise ModelError(f"{path} is no SMPL-X model: '{key}' is missing. {_WAY_OUT}")
    try:
        array = np.asarray(file[key])
    except ValueError as error:
        raise ModelError(f"{path}: '{key}' is no plain array ({error}). {_WAY_OUT}") from error
    wanted = (_SHAPES | _TEXTURE_SHAPES)[key]
    fits = array.ndim == len(wanted) and all(
        length is None or length == found for length, found in zip(wanted, array.shape, strict=True)
    )
    if not fits:
        text = " × ".join("n" if length is None else str(length) for length in wanted)
        found = " × ".join(str(length) for length in array.shape) or "a single value"
        raise ModelError(f"{path}: '{key}' is {found}, not {text}. {_WAY_OUT}")
    if array.dtype.kind not in "fiu":
        raise ModelError(f"{path}: '{key}' holds {array.dtype}, not numbers. {_WAY_OUT}")
    if not np.isfinite(array).all():
        raise ModelError(f"{path}: '{key}' holds values that are not finite. {_WAY_OUT}")
    return array


def _check_indices(arrays: dict[str, Array], path: Path) -> None:
    """Refuse faces without vertices, trees without a root, too few shapes."""
    face_count = len(arrays["f"])
    bounds = {"f": VERTEX_COUNT, "lmk_faces_idx": face_count}
    if "ft" in arrays:
        bounds["ft"] = len(arrays["vt"])
        if len(arrays["ft"]) != face_count:
            raise ModelError(f"{path}: 'ft' and 'f' differ in length. {_WAY_OUT}")
    for key, bound in bounds.items():
        if arrays[key].size and not 0 <= arrays[key].min() <= arrays[key].max() < bound:
            raise ModelError(f"{path}: '{key}' points beyond what the model has. {_WAY_OUT}")
    if arrays["shapedirs"].shape[2] < 20:
        raise ModelError(
            f"{path}: 'shapedirs' has {arrays['shapedirs'].shape[2]} directions, fewer than the "
            f"10 of shape and 10 of expression. {_WAY_OUT}"
        )
    parents = arrays["kintree_table"][0, 1:]
    if not (parents >= 0).all() or not (parents < np.arange(1, JOINT_COUNT)).all():
        raise ModelError(f"{path}: 'kintree_table' is no tree of joints. {_WAY_OUT}")
