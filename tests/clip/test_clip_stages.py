"""From what was seen of an egg to its plate, masks and motion; stopped runs end the same."""

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.body.kinematics import transform_heads
from album2avatar.body.storage import load_poses
from album2avatar.clip.report import load_clip_report
from album2avatar.decomposition import stage as decomposition_stage
from album2avatar.errors import CancelledError
from album2avatar.export import clip_stage as export_stage
from album2avatar.fitting import clip_stage as fitting_stage
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace
from toy_clip import COUNT, place, toy_settings, true_masks, wall, write_seen_clip


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    clip = Workspace(tmp_path_factory.mktemp("clip"))
    write_seen_clip(clip)
    for name, run in RUNS.items():
        run(clip, toy_settings(), silent_job(name))
    return clip


RUNS: dict[str, Callable[[Workspace, Settings, JobControl], None]] = {
    "track": fitting_stage.run,
    "decompose": decomposition_stage.run,
    "export": export_stage.run,
}


def picture(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image, np.float32) / 255


def test_the_egg_is_tracked_across_the_picture(finished: Workspace) -> None:
    poses = load_poses(finished.clip_poses)
    found = transform_heads(poses.bone_transforms, torch.zeros(1, 3))[:, 0]
    true = torch.stack([place(number) for number in range(COUNT)])
    # One camera can't tell near and long-focused from far: what it sees is the ratio.
    seen, expected = found[:, [0, 2]] / found[:, 1:2], true[:, [0, 2]] / true[:, 1:2]
    assert float((seen - expected).abs().max()) < 0.02


def test_the_plate_is_the_wall_where_any_frame_shows_it(finished: Workspace) -> None:
    plate = picture(finished.clip_plate)
    unseen = true_masks().amin(0) > 0
    assert load_clip_report(finished.clip_report).unseen < float(unseen.float().mean()) + 0.03
    away = np.abs(plate - wall().numpy())
    assert np.median(away) < 0.01
    assert np.square(away).mean() < 1e-3  # 30 dB


def test_masks_are_nearer_to_the_truth_than_the_segmentation(finished: Workspace) -> None:
    truth = true_masks().numpy()
    rough = np.stack([picture(finished.person_mask(n)) for n in range(COUNT)])
    found = np.stack([picture(finished.clip_mask(n)) for n in range(COUNT)])
    assert np.abs(found - truth).mean() < 0.6 * np.abs(rough - truth).mean()


@pytest.mark.parametrize(("stage", "stop"), [("track", 23), ("decompose", 3), ("decompose", 9)])
def test_a_stopped_stage_ends_as_an_uninterrupted_one(
    finished: Workspace, tmp_path: Path, stage: str, stop: int
) -> None:
    clip = Workspace(tmp_path)
    write_seen_clip(clip)
    if stage == "decompose":
        RUNS["track"](clip, toy_settings(), silent_job("track"))
    cancelled = threading.Event()

    def listen(event: ProgressEvent) -> None:
        if event.step >= stop:
            cancelled.set()

    with pytest.raises(CancelledError):
        RUNS[stage](clip, toy_settings(), JobControl(stage, listen, cancelled))
    RUNS[stage](clip, toy_settings(), silent_job(stage))
    for name in ("clip_poses",) if stage == "track" else ("clip_plate", "clip_report"):
        assert getattr(clip, name).read_bytes() == getattr(finished, name).read_bytes()
    if stage == "decompose":
        for number in range(COUNT):
            assert clip.clip_mask(number).read_bytes() == finished.clip_mask(number).read_bytes()
