"""The whole stage on a toy, and up to a GLB on a real body."""

import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh

from album2avatar.draft.stage import run
from album2avatar.draft_report import load_draft_report
from album2avatar.errors import CancelledError
from album2avatar.evaluation.drafts import SEEN_LEVEL, seen_agreement
from album2avatar.mesh.storage import load_mesh
from album2avatar.pictures import load_texture
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.projection.light import MEAN_BRIGHTNESS
from album2avatar.render.baking import map_texels
from album2avatar.settings import DraftSettings, Settings
from album2avatar.workspace import Workspace
from toy_draft import true_colors, write_album

SIZE = 288
AROUND = (0.0, 60.0, 120.0, 180.0, 240.0, 300.0)


def settings() -> Settings:
    return Settings(draft=DraftSettings(photo_height=192, texture_size=SIZE))


def make(root: Path, azimuths: tuple[float, ...]) -> Workspace:
    workspace = write_album(root, azimuths)
    run(workspace, settings(), silent_job("draft"))
    return workspace


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make(tmp_path_factory.mktemp("draft") / "whole", AROUND)


def texel_errors(workspace: Workspace) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Of each texel on the surface: colour error, grey level of its origin, its place."""
    stored = load_mesh(workspace.draft.painted)
    assert stored.uv is not None
    texels = map_texels(stored.uv, (SIZE, SIZE))
    points = texels.read(stored.mesh.vertices, stored.mesh.faces)
    found = load_texture(workspace.draft.albedo)[texels.covered]
    # Nobody knows how bright the light was.
    truth = (true_colors(points) / MEAN_BRIGHTNESS).clamp(max=1.0)
    levels = load_texture(workspace.draft.seen_map)[..., 0][texels.covered]
    return (found - truth).abs().amax(-1), levels, points


def levels_on_surface(workspace: Workspace) -> np.ndarray:
    """Grey level of the map at points that are spread evenly over the surface."""
    stored = load_mesh(workspace.draft.painted)
    assert stored.uv is not None
    mesh = trimesh.Trimesh(stored.mesh.vertices, stored.mesh.faces, process=False)
    points, faces = trimesh.sample.sample_surface(mesh, 40_000, seed=1)
    shares = trimesh.triangles.points_to_barycentric(mesh.triangles[faces], points)
    corners = stored.uv.coordinates[stored.uv.faces[faces]].numpy()
    column, row = (SIZE * (shares[:, :, None] * corners).sum(1)).astype(int).T.clip(0, SIZE - 1)
    return load_texture(workspace.draft.seen_map)[..., 0].numpy()[row, column]


def test_an_album_from_all_sides_is_seen_and_its_colors_are_right(whole: Workspace):
    error, level, _ = texel_errors(whole)
    seen = level > SEEN_LEVEL
    assert float(seen.float().mean()) > 0.97
    assert float(error[seen].median()) < 0.03


@pytest.mark.parametrize(
    ("azimuths", "least", "most"),
    [((0.0,), 0.3, 0.55), ((0.0, 180.0), 0.7, 0.99), ((75.0,), 0.3, 0.55)],
)
def test_small_albums_say_what_they_guess(
    tmp_path: Path, azimuths: tuple[float, ...], least: float, most: float
):
    workspace = make(tmp_path / "small", azimuths)
    error, level, _ = texel_errors(workspace)
    seen = level > SEEN_LEVEL
    assert least < float(seen.float().mean()) < most
    assert seen_agreement(workspace) > 0.98
    # Of a single photo a little of its colours' waves is taken for light.
    assert float(error[seen].median()) < 0.045
    # What is guessed has colours that are to be seen elsewhere: there are no holes.
    albedo = load_texture(workspace.draft.albedo).reshape(-1, 3)
    guessed = albedo[load_texture(workspace.draft.seen_map)[..., 0].flatten() < SEEN_LEVEL]
    assert float((guessed.amin(1) < 0.1).float().mean()) < 0.002


def test_one_side_lends_its_colors_to_the_other(tmp_path: Path):
    """Seen from its left, the right has the left's colours, which the toy really has."""
    error, level, points = texel_errors(make(tmp_path / "left", (75.0,)))
    lent = (level > 0.25) & (level < SEEN_LEVEL)
    assert float(lent.float().mean()) > 0.12
    assert float((points[lent][:, 0] < 0).float().mean()) > 0.9
    assert float(error[lent].median()) < 0.04


def test_the_seen_map_agrees_with_rays(whole: Workspace):
    assert seen_agreement(whole) > 0.98


def outputs(workspace: Workspace) -> list[bytes]:
    draft = workspace.draft
    paths = (draft.painted, draft.albedo, draft.seen_map, draft.refined_poses)
    return [path.read_bytes() for path in paths]


def test_a_resumed_run_writes_the_same_bits(whole: Workspace, tmp_path: Path):
    for stop in (0, 5, 17):
        workspace = Workspace(tmp_path / str(stop))
        shutil.copytree(whole.root, workspace.root)
        shutil.rmtree(workspace.root / "draft")
        cancelled = threading.Event()

        def listen(event: ProgressEvent, stop: int = stop, flag: threading.Event = cancelled):
            if event.step == stop:
                flag.set()

        with pytest.raises(CancelledError):
            run(workspace, settings(), JobControl("draft", listen, cancelled))
        assert not workspace.draft.painted.exists()
        run(workspace, settings(), silent_job("draft"))
        assert outputs(workspace) == outputs(whole)


def test_the_report_ends_with_a_picture_and_shares(tmp_path: Path):
    heard: list[ProgressEvent] = []
    workspace = write_album(tmp_path / "heard", (0.0, 180.0))
    run(workspace, settings(), JobControl("draft", heard.append, threading.Event()))
    last = heard[-1]
    assert last.step == last.total
    assert last.preview is not None
    assert last.preview.exists()
    report = load_draft_report(workspace.draft_report)
    assert last.metrics == {"seen": report.seen, "mirrored": report.mirrored}
    levels = levels_on_surface(workspace)
    assert report.seen == pytest.approx(float((levels > SEEN_LEVEL).mean()), abs=0.01)
    shown = float((levels > 0.25).mean())
    assert report.seen + report.mirrored == pytest.approx(shown, abs=0.01)
    assert f"show {100 * report.seen:.0f} %" in report.sentence
    assert [event.step for event in heard] == sorted(event.step for event in heard)
