"""Whether a safetensors file from elsewhere is whole, of a bearable form, and finite.

Works without torch, so that the service can check files, too.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from album2avatar.wardrobe.lines import one_line

FLOATS: Mapping[str, str] = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
"""Floating types that a file may hold, and how numpy reads them; it has no bfloat16."""
_INTEGERS = ("I64", "I32", "I16", "I8", "U8", "BOOL")
_MAX_HEADER_BYTES = 4 * 2**20
_MAX_NAME = 400
_MAX_DIMENSIONS = 6
_CHUNK = 1 << 22
"""Numbers that are looked at in one go."""


class UnsoundError(Exception):
    """A file isn't what it has to be; the message names the file and the reason."""


@dataclass(frozen=True)
class TensorForm:
    """What a header says about one tensor."""

    dtype: str
    shape: tuple[int, ...]
    start: int
    """Place of its first byte in the file."""


def check_tensors(path: Path) -> dict[str, TensorForm]:
    """Check a safetensors file and give the tensors' forms by name.

    Raises:
        UnsoundError: it is damaged, has a type or form that album2avatar doesn't write, or a
            number that is not finite.
    """
    forms = _read_forms(path)
    for name, form in forms.items():
        if not name.isprintable() or len(name) > _MAX_NAME or len(form.shape) > _MAX_DIMENSIONS:
            raise UnsoundError(f"{path.name} holds no tensors of album2avatar")
        if form.dtype not in FLOATS and form.dtype not in _INTEGERS:
            raise UnsoundError(f"{path.name} holds numbers of the unknown type {form.dtype}")
        if form.dtype in FLOATS and not _is_finite(path, form):
            raise UnsoundError(f"{path.name}: {name} is not finite")
    return forms


def _read_forms(path: Path) -> dict[str, TensorForm]:
    with path.open("rb") as file:
        header_size = int.from_bytes(file.read(8), "little")
        if header_size > _MAX_HEADER_BYTES:
            raise UnsoundError(f"{path.name} is no safetensors file")
        text = file.read(header_size)
    try:
        # Checks shapes, types and offsets against each other and against the file's size.
        with safe_open(path, framework="numpy"):  # type: ignore[no-untyped-call]
            pass
        header = json.loads(text, object_pairs_hook=_without_twins)
    except (OSError, SafetensorError, ValueError, RecursionError) as error:
        raise UnsoundError(f"{path.name} is damaged ({one_line(str(error), 200)})") from error
    return {
        name: TensorForm(
            value["dtype"], tuple(value["shape"]), 8 + header_size + value["data_offsets"][0]
        )
        for name, value in header.items()
        if name != "__metadata__"
    }


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    whole = dict(pairs)
    if len(whole) < len(pairs):
        raise ValueError("its header has a name twice")
    return whole


def _is_finite(path: Path, form: TensorForm) -> bool:
    count = math.prod(form.shape)
    if count == 0:
        return True
    numbers = np.memmap(path, FLOATS[form.dtype], "r", form.start, (count,))
    return all(
        _all_finite(numbers[first : first + _CHUNK], form.dtype)
        for first in range(0, count, _CHUNK)
    )


def _all_finite(numbers: np.ndarray, dtype: str) -> bool:
    if dtype == "BF16":  # the upper half of a float32; a full exponent is no number
        return bool(((numbers & 0x7F80) != 0x7F80).all())
    return bool(np.isfinite(numbers).all())
