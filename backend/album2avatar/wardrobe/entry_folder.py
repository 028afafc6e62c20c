"""The folder of one entry, read back with its checks."""

import hashlib
from pathlib import Path

from album2avatar.errors import WardrobeError
from album2avatar.wardrobe.entry import ENTRY_FILE, WardrobeEntry, read_entry


def load_entry(folder: Path) -> WardrobeEntry:
    """Read the entry of a folder and see that its files are there; their contents are not read.

    Raises:
        FileNotFoundError: the folder or its `entry.json` is gone.
        WardrobeError: the entry is damaged.
    """
    entry = read_entry(folder / ENTRY_FILE)
    if entry.id != folder.name:
        raise WardrobeError(
            f"{folder} holds the entry {entry.id} ('{entry.name}'). Give the folder that name, or "
            "remove it."
        )
    for name in entry.files:
        if not (folder / name).is_file():
            raise WardrobeError(f"{folder / name} of the entry '{entry.name}' is missing. {_AGAIN}")
    return entry


def require_intact(folder: Path, entry: WardrobeEntry) -> None:
    """Compare every file of an entry with its hash.

    Raises:
        WardrobeError: one is missing or has changed.
    """
    for name, expected in entry.files.items():
        if hash_file(folder / name) != expected:
            raise WardrobeError(
                f"{folder / name} is damaged: it is not the file that the entry '{entry.name}' was "
                f"made with. {_AGAIN}"
            )


def hash_file(path: Path) -> str:
    """SHA-256 of a file's content.

    Raises:
        WardrobeError: it is missing or can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise WardrobeError(f"{path} can't be read ({error.strerror}). {_AGAIN}") from error


_AGAIN = "Add the piece again from its avatar, or import it from its file."
