"""What two albums learned, put together for a person in another one's garment."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path, write_bytes
from album2avatar.prior.adapter import CONFIG_FILE, WEIGHTS_FILE


def combine_tokens(target: Path, sources: Sequence[tuple[Path, Mapping[str, str]]]) -> None:
    """Write a token file with words of several others.

    Args:
        sources: token files, each with the words to take from it, and what they are called in
            the new file.

    Raises:
        ModelError: a file is damaged, or lacks a word.
    """
    rows: dict[str, Tensor] = {}
    for path, names in sources:
        found = _read(path)
        for old, new in names.items():
            if old not in found:
                raise ModelError(f"{path} has no token {old}. Personalise that album again.")
            rows[new] = found[old]
    with atomic_path(target) as temporary:
        save_file(rows, temporary)


def copy_adapter(source: Path, target: Path) -> None:
    """Write one folder's adapter into another one.

    Raises:
        ModelError: it can't be read.
    """
    for name in (WEIGHTS_FILE, CONFIG_FILE):
        try:
            content = (source / name).read_bytes()
        except OSError as error:
            raise ModelError(
                f"{source / name} can't be read ({error}). Personalise that album again."
            ) from error
        write_bytes(target / name, content)


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path} can't be read ({error}). Personalise that album again."
        ) from error
