"""The export stage and what it says when something is missing."""

import json
import sys
from pathlib import Path

import pytest
import torch
from glb_reader import read_glb
from small_avatars import checkered_png, limb_avatar

from album2avatar.body.rigged import save_rigged
from album2avatar.body.storage import save_body
from album2avatar.body.types import CanonicalBody
from album2avatar.errors import AlbumError, ExportError, WorkspaceError
from album2avatar.export import blender_environment
from album2avatar.export.blender_jobs import export_fbx
from album2avatar.export.stage import run
from album2avatar.files import write_bytes, write_json
from album2avatar.progress import silent_job
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace in which every stage before the export is done."""
    workspace = Workspace(tmp_path)
    avatar = limb_avatar()
    part = avatar.parts[0]
    body = CanonicalBody(
        kind="anny",
        vertices=part.mesh.vertices,
        faces=part.mesh.faces,
        uv_coordinates=torch.zeros(0, 2),
        uv_faces=torch.zeros(0, 3, dtype=torch.int64),
        skeleton=avatar.skeleton,
        weights=part.weights,
        parts={"surface": torch.ones(len(part.mesh.vertices), dtype=torch.bool)},
    )
    save_rigged(workspace.rigged, avatar)
    save_body(workspace.body, body)
    write_bytes(workspace.albedo, checkered_png())
    asset = {"kind": "top", "name": "red sweater", "token": "<asset0>"}
    table = {"version": 1, "subject": "woman", "assets": [asset], "photos": []}
    write_json(workspace.asset_table, table)
    return workspace


def test_the_stage_writes_a_glb_that_tells_where_it_came_from(workspace: Workspace) -> None:
    run(workspace, Settings(seed=7), silent_job("export"))
    glb = read_glb(workspace.glb.read_bytes())
    told = glb.document["nodes"][0]["extras"]["album2avatar"]
    assert (told["rig"], told["seed"]) == ("anny", 7)
    assert told["assets"] == [{"kind": "top", "name": "red sweater", "token": "<asset0>"}]
    heights = glb.attribute(0, "POSITION")[:, 1]
    assert heights.min() == pytest.approx(0.0, abs=1e-6)


def test_the_same_avatar_gives_the_same_bytes(workspace: Workspace) -> None:
    run(workspace, Settings(), silent_job("export"))
    first = workspace.glb.read_bytes()
    run(workspace, Settings(), silent_job("export"))
    assert workspace.glb.read_bytes() == first


def test_a_missing_texture_leaves_the_old_glb(workspace: Workspace) -> None:
    run(workspace, Settings(), silent_job("export"))
    before = workspace.glb.read_bytes()
    workspace.albedo.unlink()
    with pytest.raises(WorkspaceError, match=r"albedo\.png"):
        run(workspace, Settings(), silent_job("export"))
    assert workspace.glb.read_bytes() == before


def test_a_wrong_edit_of_the_asset_table_is_named(workspace: Workspace) -> None:
    table = json.loads(workspace.asset_table.read_text())
    table["assets"][0]["kind"] = "cape"
    write_json(workspace.asset_table, table)
    with pytest.raises(AlbumError, match=r"assets\.json: assets\.0\.kind"):
        run(workspace, Settings(), silent_job("export"))


def test_fbx_without_a_glb_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="--resume"):
        export_fbx(Workspace(tmp_path))


def test_a_wrong_blender_variable_is_named(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workspace, Settings(), silent_job("export"))
    monkeypatch.setenv(blender_environment.VARIABLE, "/nowhere/python")
    with pytest.raises(ExportError, match="/nowhere/python"):
        export_fbx(workspace)
    assert list(workspace.exports.iterdir()) == [workspace.glb]


def test_a_python_without_bpy_is_an_error_in_words(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(workspace, Settings(), silent_job("export"))
    monkeypatch.setenv(blender_environment.VARIABLE, sys.executable)
    with pytest.raises(ExportError, match=r"No module named 'bpy'.*scripts/blender_env"):
        export_fbx(workspace)
    assert list(workspace.exports.iterdir()) == [workspace.glb]
