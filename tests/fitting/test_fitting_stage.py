"""The fitting stage on the files of a workspace."""

import json
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.assets import Asset, AssetTable, PhotoLabels
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.body.storage import load_body, load_poses
from album2avatar.errors import Album2AvatarError, AlbumError, CancelledError
from album2avatar.fit_report import load_fit_report
from album2avatar.fitting import stage
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.settings import FittingSettings, Settings
from album2avatar.workspace import Workspace
from nude_album import make_album

SETTINGS = Settings(
    fitting=FittingSettings(
        keypoint_steps=4, silhouette_steps=3, silhouette_resolution=32, checkpoint_every=5
    )
)
SIZE = 64


def write_workspace(root: Path) -> Workspace:
    """Two photos of a body: what the stages before would have written."""
    album = make_album(2, ("full body", "upper body"), resolution=SIZE)
    seen = album.observations
    workspace = Workspace(root)
    workspace.photo("x").parent.mkdir(parents=True)
    workspace.mask("x").parent.mkdir(parents=True)
    labels: list[PhotoLabels] = []
    for index, photo in enumerate(("a", "b")):
        mask = (seen.person[index].numpy() > 0.5).astype(np.uint8)
        Image.fromarray(mask).save(workspace.mask(photo))
        Image.fromarray(mask * 200).convert("RGB").save(workspace.photo(photo))
        keypoints = {
            name: (
                float(SIZE / 2 * (1 + seen.keypoints[index, k, 0])),
                float(SIZE / 2 * (1 - seen.keypoints[index, k, 1])),
                float(seen.confidence[index, k]),
            )
            for k, name in enumerate(KEYPOINTS)
        }
        framing = "full body" if index == 0 else "upper body"
        labels.append(
            PhotoLabels(photo=photo, view=seen.views[index], framing=framing, keypoints=keypoints)
        )
    assets = (Asset(kind="skin", name="bare skin", token="<asset0>"),)
    table = AssetTable(subject="woman", assets=assets, photos=tuple(labels))
    workspace.asset_table.write_text(table.model_dump_json())
    return workspace


def test_stage_writes_body_and_poses_and_a_stopped_run_ends_the_same(tmp_path: Path) -> None:
    whole = write_workspace(tmp_path / "whole")
    stage.run(whole, SETTINGS, silent_job("fit"))
    body, poses = load_body(whole.body), load_poses(whole.poses)
    assert poses.photos == ("a", "b")
    assert poses.bone_transforms.shape == (2, len(body.skeleton.names), 4, 4)
    assert bool(torch.isfinite(poses.bone_transforms).all())
    assert not whole.checkpoint("fit").exists()
    assert list((whole.root / "previews").glob("fit-*.png"))
    report = load_fit_report(whole.fit_report)
    assert [photo.photo for photo in report.photos] == ["a", "b"]
    assert all(0 < photo.inside <= 1 and photo.keypoints > 3 for photo in report.photos)

    stopped = write_workspace(tmp_path / "stopped")
    cancelled = threading.Event()

    def stop_at_six(event: ProgressEvent) -> None:
        if event.step == 6:
            cancelled.set()

    with pytest.raises(CancelledError):
        stage.run(stopped, SETTINGS, JobControl("fit", stop_at_six, cancelled))
    assert stopped.checkpoint("fit").exists()
    assert not stopped.body.exists()
    stage.run(stopped, SETTINGS, silent_job("fit"))
    assert stopped.body.read_bytes() == whole.body.read_bytes()
    assert stopped.poses.read_bytes() == whole.poses.read_bytes()


def test_photos_that_show_too_little_are_left_out_or_refused(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    table = json.loads(workspace.asset_table.read_text())
    table["photos"][1]["keypoints"] = {"head": [30.0, 30.0, 0.9]}
    workspace.asset_table.write_text(json.dumps(table))
    stage.run(workspace, SETTINGS, silent_job("fit"))
    assert load_poses(workspace.poses).photos == ("a",)
    verdicts = [photo.verdict for photo in load_fit_report(workspace.fit_report).photos]
    assert verdicts[1] == "not fitted"
    table["photos"][0]["keypoints"] = {}
    workspace.asset_table.write_text(json.dumps(table))
    with pytest.raises(AlbumError, match="In no photo"):
        stage.run(workspace, SETTINGS, silent_job("fit"))


def test_mask_of_another_size_is_named(tmp_path: Path) -> None:
    workspace = write_workspace(tmp_path)
    Image.new("L", (10, 10), 1).save(workspace.mask("b"))
    with pytest.raises(Album2AvatarError, match=r"b(\.png)?"):
        stage.run(workspace, SETTINGS, silent_job("fit"))
