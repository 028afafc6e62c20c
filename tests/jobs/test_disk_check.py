"""A job that won't fit on the disk doesn't begin."""

from pathlib import Path

import pytest

from album2avatar.errors import WorkspaceError
from album2avatar.jobs.avatar_deletion import delete_avatar
from album2avatar.jobs.execution import check_disk
from album2avatar.manifest import locked, open_workspace
from album2avatar.presets import PresetNeeds
from album2avatar.workspace import Workspace


def needs(disk_gib: float) -> PresetNeeds:
    return PresetNeeds(minutes=1, memory_gib=1, disk_gib=disk_gib, measured_on="paper")


def test_a_job_that_needs_more_than_is_free_is_refused_with_both_figures(tmp_path: Path):
    with pytest.raises(WorkspaceError, match=r"GiB free, and the job needs 1000000\.5 GiB") as said:
        check_disk(tmp_path, needs(1e6))
    assert str(tmp_path) in str(said.value)
    assert "Resume" in str(said.value)


def test_a_job_that_fits_passes(tmp_path: Path):
    check_disk(tmp_path, needs(0.001))
    check_disk(tmp_path, None)


def test_only_folders_of_ours_are_deleted(tmp_path: Path):
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "thesis.txt").write_text("years of work")
    with pytest.raises(WorkspaceError, match="not deleted"):
        delete_avatar(Workspace(tmp_path))
    assert (tmp_path / "export" / "thesis.txt").exists()


def test_a_link_to_a_folder_of_ours_is_not_followed(tmp_path: Path):
    open_workspace(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real", target_is_directory=True)
    with pytest.raises(WorkspaceError, match="not deleted"):
        delete_avatar(Workspace(tmp_path / "link"))
    assert (tmp_path / "real" / "workspace.json").exists()


def test_a_deletion_that_was_cut_off_can_be_repeated(tmp_path: Path):
    open_workspace(tmp_path / "avatar")
    workspace = Workspace(tmp_path / "avatar")
    workspace.exports.mkdir()
    workspace.glb.write_bytes(b"glTF")
    delete_avatar(workspace)
    assert not workspace.root.exists()
    delete_avatar(workspace)


def test_what_the_artist_saved_beside_the_avatar_stays(tmp_path: Path):
    open_workspace(tmp_path / "avatar")
    workspace = Workspace(tmp_path / "avatar")
    workspace.exports.mkdir()
    for name in ("avatar.glb", "avatar.blend", "mine.fbx"):
        (workspace.exports / name).write_bytes(b"work")
    delete_avatar(workspace)
    assert {path.name for path in workspace.root.rglob("*")} == {
        "export",
        "avatar.blend",
        "mine.fbx",
    }


def test_a_folder_in_which_a_process_works_is_not_deleted(tmp_path: Path):
    open_workspace(tmp_path / "avatar")
    workspace = Workspace(tmp_path / "avatar")
    with locked(workspace), pytest.raises(WorkspaceError, match="Another process"):
        delete_avatar(workspace)
    assert workspace.manifest.exists()
