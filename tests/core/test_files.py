"""Files are whole or absent, whatever happens while they are written."""

import errno
import os
from pathlib import Path

import pytest

from album2avatar.errors import WorkspaceError
from album2avatar.files import atomic_path, write_bytes, write_json


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    target = tmp_path / "mesh.bin"
    write_bytes(target, b"old")
    with pytest.raises(TypeError), atomic_path(target) as temporary:
        temporary.write_text(3)  # pyright: ignore[reportArgumentType]
    assert target.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["mesh.bin"]


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path):
    target = tmp_path / "mesh.bin"
    with pytest.raises(WorkspaceError, match="disk is full"), atomic_path(target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert list(tmp_path.iterdir()) == []


def test_a_real_full_disk_is_reported():
    """/dev/full refuses every byte, as a full disk does."""
    with (
        pytest.raises(WorkspaceError, match="disk is full"),
        atomic_path(Path("/dev/shm/album2avatar-test")),
        open("/dev/full", "wb", buffering=0) as full,  # noqa: PTH123
    ):
        full.write(b"x")
    assert not Path("/dev/shm/album2avatar-test").exists()


def test_a_file_in_place_of_a_folder_is_reported(tmp_path: Path):
    (tmp_path / "folder").write_text("I am a file")
    with pytest.raises(WorkspaceError, match="folder"):
        write_json(tmp_path / "folder" / "value.json", {})


def test_the_suffix_is_kept_for_writers_that_look_at_it(tmp_path: Path):
    with atomic_path(tmp_path / "picture.png") as temporary:
        assert temporary.suffix == ".png"
