"""The whole stage on a tiny prior."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.errors import CancelledError
from album2avatar.mesh.storage import load_mesh
from album2avatar.paint.stage import run
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.settings import GuidanceSettings, PaintSettings, Settings
from album2avatar.workspace import Workspace
from pretended_accelerator import DEVICE, pretended_accelerator
from toy_person import true_assets, write_tiny_prior, write_workspace


@pytest.fixture(scope="module")
def prior_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_prior(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def settings(prior_folder: Path) -> Settings:
    return Settings(
        seed=5,
        device="cpu",
        prior=str(prior_folder),
        paint=PaintSettings(
            faces=1000,
            texture_size=64,
            steps=4,
            guidance=GuidanceSettings(views_per_step=2),
            hidden_width=16,
            preview_every=2,
            checkpoint_every=1,
        ),
    )


@pytest.fixture(scope="module")
def painted(
    tmp_path_factory: pytest.TempPathFactory, prior_folder: Path, settings: Settings
) -> Workspace:
    workspace = write_workspace(tmp_path_factory.mktemp("avatar") / "whole", prior_folder)
    run(workspace, settings, silent_job("paint"))
    return workspace


def outputs(workspace: Workspace) -> list[bytes]:
    files = (workspace.distilled, workspace.distilled_albedo, workspace.paint_cost)
    return [file.read_bytes() for file in files]


def test_the_stage_writes_mesh_texture_and_previews(painted: Workspace):
    stored = load_mesh(painted.distilled)
    assert stored.uv is not None
    assert len(stored.mesh.faces) <= 1000
    right = stored.extras["vertex_asset"] == true_assets(stored.mesh.vertices)
    assert float(right.float().mean()) > 0.95
    assert len(stored.extras["face_asset"]) == len(stored.mesh.faces)
    albedo = np.asarray(Image.open(painted.distilled_albedo))
    assert albedo.shape == (64, 64, 3)
    assert albedo.std() > 0  # four steps have moved the colours off the grey they start at
    assert painted.preview("paint", 2).exists()
    assert painted.preview("paint", 4).exists()
    assert not painted.checkpoint("paint").exists()


def test_a_resumed_run_writes_the_same_bits(painted: Workspace, settings: Settings, tmp_path: Path):
    for stop in (1, 3, 4):
        workspace = Workspace(tmp_path / str(stop))
        shutil.copytree(painted.root, workspace.root)
        workspace.distilled.unlink()
        workspace.distilled_albedo.unlink()
        cancelled = threading.Event()

        def listen(event: ProgressEvent, stop: int = stop, flag: threading.Event = cancelled):
            if event.step == stop:
                flag.set()

        with pytest.raises(CancelledError):
            run(workspace, settings, JobControl("paint", listen, cancelled))
        assert not workspace.distilled.exists()
        assert workspace.checkpoint("paint").exists()
        run(workspace, settings, silent_job("paint"))
        assert outputs(workspace) == outputs(painted)


def test_on_an_accelerator_the_same_colours_are_found(
    painted: Workspace, settings: Settings, tmp_path: Path
):
    workspace = Workspace(tmp_path / "accelerated")
    shutil.copytree(painted.root, workspace.root)
    workspace.distilled.unlink()
    with pretended_accelerator():
        run(workspace, settings.model_copy(update={"device": DEVICE.type}), silent_job("paint"))
    assert outputs(workspace) == outputs(painted)


def test_another_seed_gives_other_colours(painted: Workspace, settings: Settings, tmp_path: Path):
    workspace = Workspace(tmp_path / "other")
    shutil.copytree(painted.root, workspace.root)
    run(workspace, settings.model_copy(update={"seed": 6}), silent_job("paint"))
    before, after = (
        torch.tensor(np.asarray(Image.open(w.distilled_albedo))) for w in (painted, workspace)
    )
    assert not np.array_equal(before, after)


def test_close_ups_of_garments_and_hands_are_painted_from_too(
    painted: Workspace, settings: Settings, tmp_path: Path
):
    workspace = Workspace(tmp_path / "near")
    shutil.copytree(painted.root, workspace.root)
    near = settings.paint.guidance.model_copy(
        update={"garments_share": 1.0, "hands_share": 0.5, "full_body_share": 0.0}
    )
    paint = settings.paint.model_copy(update={"guidance": near})
    run(workspace, settings.model_copy(update={"paint": paint}), silent_job("paint"))
    assert workspace.distilled_albedo.read_bytes() != painted.distilled_albedo.read_bytes()


def test_photos_pull_the_colours_if_the_settings_say_so(
    painted: Workspace, settings: Settings, tmp_path: Path
):
    """With a prior that has no say."""

    def last_distance(weight: float) -> float:
        workspace = Workspace(tmp_path / f"{weight}")
        shutil.copytree(painted.root, workspace.root)
        guidance = settings.paint.guidance.model_copy(update={"weight": 0.0})
        changes = {"guidance": guidance, "photo_weight": weight, "steps": 30}
        paint = settings.paint.model_copy(update=changes)
        heard: list[float] = []

        def listen(event: ProgressEvent) -> None:
            heard.extend([event.metrics["photos"]] if "photos" in event.metrics else [])

        job = JobControl("paint", listen, threading.Event())
        run(workspace, settings.model_copy(update={"paint": paint}), job)
        return sum(heard[-5:]) / 5

    assert last_distance(10.0) < 0.5 * last_distance(0.0)
