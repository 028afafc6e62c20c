"""Whether a pattern from elsewhere can be laid on a body without harm."""

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from album2avatar.wardrobe.tensor_checks import TensorForm, UnsoundError, check_tensors

_MAX_ROWS = 2_000_000
_MAX_METRES = 10.0
_MAX_TEXTURE_SIDE = 4096
_FORMS: Mapping[str, tuple[str, tuple[int, ...]]] = {
    "body": ("F32", (3,)),
    "vertices": ("F32", (3,)),
    "faces": ("I64", (3,)),
    "face_class": ("U8", ()),
    "corner_uv": ("F32", (3, 2)),
    "albedo_png": ("U8", ()),
}
"""Type of each tensor, and its shape after the first dimension."""
_LAST_CLASS = 2


def check_pattern(path: Path) -> None:
    """Check what `pattern.save_pattern` writes.

    Raises:
        UnsoundError: a tensor is missing or of another form, a face names a vertex that isn't
            there, or the texture is no picture, or too large.
    """
    forms = check_tensors(path)
    for name, (dtype, rest) in _FORMS.items():
        form = forms.get(name)
        if form is None or form.dtype != dtype or form.shape[1:] != rest or not form.shape:
            raise UnsoundError(f"{path.name}: {name} is missing or has another form")
        if form.shape[0] > _MAX_ROWS and name != "albedo_png":
            raise UnsoundError(f"{path.name}: {name} has {form.shape[0]} rows, which is too many")
    if len({forms[name].shape[0] for name in ("faces", "face_class", "corner_uv")}) > 1:
        raise UnsoundError(f"{path.name}: its faces and what is said about them differ in number")
    _check_values(path, forms)
    _check_texture(path, forms["albedo_png"])


def _check_values(path: Path, forms: Mapping[str, TensorForm]) -> None:
    faces = _values(path, forms["faces"], "<i8")
    if faces.size == 0 or faces.min() < 0 or faces.max() >= forms["vertices"].shape[0]:
        raise UnsoundError(f"{path.name}: it has no faces, or they name vertices that aren't there")
    if _values(path, forms["face_class"], "u1").max() > _LAST_CLASS:
        raise UnsoundError(f"{path.name}: face_class has an unknown class")
    for name, bound in (("body", _MAX_METRES), ("vertices", _MAX_METRES), ("corner_uv", 2.0)):
        values = _values(path, forms[name], "<f4")
        if values.size == 0 or np.abs(values).max() > bound:
            raise UnsoundError(f"{path.name}: {name} is empty or goes beyond {bound:g}")


def _check_texture(path: Path, form: TensorForm) -> None:
    encoded = io.BytesIO(_values(path, form, "u1").tobytes())
    try:
        with Image.open(encoded, formats=("PNG",)) as image:
            size = image.size
            if max(size) <= _MAX_TEXTURE_SIDE:
                image.load()
    except Exception as error:  # whatever a decoder makes of a damaged picture
        raise UnsoundError(f"{path.name}: albedo_png is no picture") from error
    if max(size) > _MAX_TEXTURE_SIDE:
        raise UnsoundError(
            f"{path.name}: albedo_png has {size[0]}x{size[1]} pixels, and {_MAX_TEXTURE_SIDE} are "
            "allowed"
        )


def _values(path: Path, form: TensorForm, dtype: str) -> NDArray[np.generic]:
    if 0 in form.shape:
        return np.zeros(form.shape, dtype)
    return np.memmap(path, dtype, "r", form.start, form.shape)
