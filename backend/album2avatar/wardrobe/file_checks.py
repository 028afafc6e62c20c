"""What the files of an entry must be before anything is done with them.

Nothing here needs torch: the service checks files, too.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from album2avatar.wardrobe.entry import (
    ADAPTER_CONFIG_FILE,
    ADAPTER_FILE,
    ENTRY_FILE,
    MAX_ENTRY_BYTES,
    PATTERN_FILE,
    THUMBNAIL_FILE,
    TOKEN_FILE,
    WardrobeEntry,
)
from album2avatar.wardrobe.lines import one_line
from album2avatar.wardrobe.pattern_checks import check_pattern
from album2avatar.wardrobe.tensor_checks import FLOATS, UnsoundError, check_tensors

MAX_BYTES: Mapping[str, int] = {
    ENTRY_FILE: MAX_ENTRY_BYTES,
    TOKEN_FILE: 256 * 2**10,
    ADAPTER_FILE: 4 * 2**30 - 1,
    ADAPTER_CONFIG_FILE: 64 * 2**10,
    THUMBNAIL_FILE: 2**20,
    PATTERN_FILE: 256 * 2**20,
}
"""Largest size of each file that is read from elsewhere."""
MAX_THUMBNAIL_SIDE = 512
_MAX_EMBEDDING = 65_536


class _AdapterPart(BaseModel):
    """What the loader reads of one network's part of `adapter.json`."""

    model_config = ConfigDict(extra="allow")

    r: Annotated[int, Field(ge=1, le=4096)]


class _FullUpdate(BaseModel):
    """`adapter.json` beside changes of whole layers."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["full"]


_ADAPTER_CONFIG: TypeAdapter[dict[str, _AdapterPart] | _FullUpdate] = TypeAdapter(
    dict[str, _AdapterPart] | _FullUpdate
)


def require_sound(folder: Path, entry: WardrobeEntry) -> None:
    """Check that every file of an entry is what its name says; hashes don't say that.

    Raises:
        UnsoundError: with the file's name and what is wrong.
    """
    _check_token(folder / TOKEN_FILE, entry.token)
    _check_adapter(folder / ADAPTER_FILE)
    _check_adapter_config(folder / ADAPTER_CONFIG_FILE)
    _check_thumbnail(folder / THUMBNAIL_FILE)
    if PATTERN_FILE in entry.files:
        check_pattern(folder / PATTERN_FILE)


def _check_token(path: Path, token: str) -> None:
    tensors = check_tensors(path)
    if list(tensors) != [token]:
        raise UnsoundError(f"{path.name} doesn't hold the one word {token}")
    row = tensors[token]
    if len(row.shape) != 1 or not 0 < row.shape[0] <= _MAX_EMBEDDING or row.dtype not in FLOATS:
        raise UnsoundError(f"{path.name} holds no embedding ({row.dtype}, shape {row.shape})")


def _check_adapter(path: Path) -> None:
    tensors = check_tensors(path)
    if not tensors or any(value.dtype not in FLOATS for value in tensors.values()):
        raise UnsoundError(f"{path.name} holds no adapter")


def _check_adapter_config(path: Path) -> None:
    try:
        parts = _ADAPTER_CONFIG.validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        # The first part of the place says which of the two forms was tried.
        field = one_line(".".join(str(part) for part in first["loc"][1:]), 80)
        raise UnsoundError(
            f"{path.name}: {field or 'the file'} is wrong ({first['msg']})"
        ) from error
    if not parts:
        raise UnsoundError(f"{path.name} describes no adapter")


def _check_thumbnail(path: Path) -> None:
    try:
        with Image.open(path, formats=("PNG",)) as image:
            size = image.size
            if max(size) <= MAX_THUMBNAIL_SIDE:
                image.load()
    except Exception as error:  # whatever a decoder makes of a damaged file
        raise UnsoundError(f"{path.name} is no picture") from error
    if max(size) > MAX_THUMBNAIL_SIDE:
        raise UnsoundError(
            f"{path.name} has {size[0]}x{size[1]} pixels, and {MAX_THUMBNAIL_SIDE} are allowed"
        )
