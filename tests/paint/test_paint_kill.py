"""Killing the paint stage at any moment."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from album2avatar.settings import GuidanceSettings, PaintSettings, Settings
from album2avatar.workspace import Workspace
from toy_person import write_tiny_prior, write_workspace

RUN = """
import sys
from pathlib import Path
from album2avatar.paint.stage import run
from album2avatar.progress import silent_job
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace
settings = Settings.model_validate_json(sys.argv[2])
run(Workspace(Path(sys.argv[1])), settings, silent_job("paint"))
"""


@pytest.mark.slow
def test_killed_at_any_second_and_run_again_it_writes_the_same_files(tmp_path: Path):
    prior = write_tiny_prior(tmp_path / "tiny")
    paint = PaintSettings(
        faces=1000, texture_size=64, steps=40, preview_every=20, checkpoint_every=1,
        guidance=GuidanceSettings(views_per_step=2),
    )  # fmt: skip
    settings = Settings(seed=1, device="cpu", prior=str(prior), paint=paint).model_dump_json()
    whole = write_workspace(tmp_path / "whole", prior)
    killed = Workspace(tmp_path / "killed")
    shutil.copytree(whole.root, killed.root)

    def command(workspace: Workspace) -> list[str]:
        return [sys.executable, "-c", RUN, str(workspace.root), settings]

    began = time.monotonic()
    subprocess.run(command(whole), check=True)
    usual = time.monotonic() - began
    kills = 0
    for share in (0.5, 0.7, 0.8, 0.9, 0.6, 0.95):
        process = subprocess.Popen(command(killed))
        try:
            process.wait(share * usual)
        except subprocess.TimeoutExpired:
            kills += 1
            process.kill()
            process.wait()
    subprocess.run(command(killed), check=True)
    assert kills > 0
    assert killed.distilled.read_bytes() == whole.distilled.read_bytes()
    assert killed.distilled_albedo.read_bytes() == whole.distilled_albedo.read_bytes()
