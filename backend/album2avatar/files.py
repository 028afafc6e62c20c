"""Files that are either whole or not there: written beside, flushed, then renamed."""

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from album2avatar.errors import WorkspaceError


def in_home(path: str) -> Path:
    """A path whose `~` is the user's home; as it is where it names a user that there isn't."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


@contextlib.contextmanager
def atomic_path(path: Path) -> Generator[Path]:
    """Give a temporary path beside `path`; on success it takes the place of `path`.

    The suffix is kept, so that writers which look at it choose the same format.

    Raises:
        WorkspaceError: the folder is not writable or the disk is full. Nothing
            half-written is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".tmp-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise write_error(path, error) from error
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
        flush_folder(path.parent)
    except OSError as error:
        raise write_error(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON, atomically."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    write_bytes(path, (text + "\n").encode())


def flush_folder(folder: Path) -> None:
    """Make the rename itself durable, where the system lets a folder be flushed."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_error(path: Path, error: OSError) -> WorkspaceError:
    """What to tell the artist of a file or folder that can't be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkspaceError(
            f"{path} can't be written: the disk is full. Free some space, then run the same "
            "command again; it goes on where it stopped."
        )
    reason = error.strerror or str(error)
    return WorkspaceError(f"{path} can't be written ({reason}). Choose another output folder.")
