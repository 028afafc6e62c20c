"""One entry as one file, `*.a2atoken`: on the way to another wardrobe, and in from elsewhere."""

from pathlib import Path

from album2avatar.errors import WardrobeError
from album2avatar.files import atomic_path
from album2avatar.wardrobe.entry import ENTRY_FILE, KNOWN_FILES, WardrobeEntry, parse_entry
from album2avatar.wardrobe.entry_folder import hash_file, require_intact
from album2avatar.wardrobe.file_checks import MAX_BYTES, require_sound
from album2avatar.wardrobe.stored_archive import read_archive, write_archive
from album2avatar.wardrobe.tensor_checks import UnsoundError

SUFFIX = ".a2atoken"


def write_token_file(path: Path, folder: Path, entry: WardrobeEntry) -> None:
    """Write an entry's folder as one file, atomically.

    Raises:
        WardrobeError: `path` has another suffix, or a file of the entry is missing or damaged.
        WorkspaceError: `path` can't be written.
    """
    if path.suffix != SUFFIX:
        raise WardrobeError(
            f"{path} doesn't end in {SUFFIX}. Name the file {path.with_suffix(SUFFIX).name}."
        )
    require_intact(folder, entry)
    names = [ENTRY_FILE, *(name for name in KNOWN_FILES if name in entry.files)]
    with atomic_path(path) as temporary:
        write_archive(temporary, [(name, folder / name) for name in names])


def unpack_token_file(path: Path, folder: Path) -> WardrobeEntry:
    """Unpack a file from `write_token_file` into an empty folder, with every check.

    Raises:
        WardrobeError: anything is wrong with it. Files may lie in `folder` all the same.
    """
    try:
        names = read_archive(path, folder, MAX_BYTES)
    except OSError as error:
        raise WardrobeError(f"{path} can't be read or unpacked ({error.strerror}).") from error
    if names[0] != ENTRY_FILE:
        raise WardrobeError(f"{path} doesn't begin with {ENTRY_FILE}. {_EXPORT_AGAIN}")
    entry = parse_entry((folder / ENTRY_FILE).read_bytes(), f"{path}: {ENTRY_FILE}")
    if set(names) != {ENTRY_FILE, *entry.files}:
        odd = sorted(set(names) ^ {ENTRY_FILE, *entry.files})[0]
        raise WardrobeError(
            f"{path}: {ENTRY_FILE} and the contents differ in {odd}. {_EXPORT_AGAIN}"
        )
    for name, expected in entry.files.items():
        if hash_file(folder / name) != expected:
            raise WardrobeError(f"{path}: {name} is not what {ENTRY_FILE} says. {_EXPORT_AGAIN}")
    try:
        require_sound(folder, entry)
    except UnsoundError as error:
        raise WardrobeError(f"{path}: {error}. {_EXPORT_AGAIN}") from error
    return entry


_EXPORT_AGAIN = "Have the piece exported again."
