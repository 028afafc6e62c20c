"""`album2avatar models` as a user runs it, against a hub of one's own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from album2avatar.model_sources.needs import models_of
from album2avatar.presets import build_settings, load_preset
from hub_server import MODEL_ID


@pytest.fixture
def run(tiny_hub, tmp_path):
    """Run the command with this hub and an empty cache; returns the finished process."""

    def run_command(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {
            "HF_ENDPOINT": tiny_hub.url,
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HUB_OFFLINE": "0",
            "COLUMNS": "400",
        }
        return subprocess.run(
            [sys.executable, "-m", "album2avatar.cli", "models", *arguments],
            env=environment | variables,
            capture_output=True,
            text=True,
        )

    return run_command


def error_line(process: subprocess.CompletedProcess[str]) -> str:
    """The one line that an expected error is."""
    assert "Traceback" not in process.stderr
    (line,) = [line for line in process.stderr.splitlines() if line.startswith("album2avatar:")]
    return line


def test_a_model_is_looked_at_then_downloaded_then_listed(run, tiny_hub, tmp_path):
    looked = run("needed", MODEL_ID)
    assert looked.returncode == 0, looked.stderr
    assert "unet/diffusion_pytorch_model.fp16.safetensors" in looked.stdout
    assert f"Licence: openrail++; read it at {tiny_hub.url}/{MODEL_ID}" in looked.stdout
    assert f"album2avatar models get {MODEL_ID}" in looked.stdout
    assert tiny_hub.downloaded == []

    got = run("get", MODEL_ID)
    assert got.returncode == 0, got.stderr
    assert "Licence: openrail++" in got.stderr
    folder = Path(got.stdout.strip())
    assert folder.is_relative_to(tmp_path / "cache")
    assert (folder / "unet" / "config.json").is_file()

    listed = run("list", HF_HUB_OFFLINE="1")
    assert listed.returncode == 0, listed.stderr
    (row,) = [line for line in listed.stdout.splitlines() if line.startswith(MODEL_ID)]
    assert "SDXL" in row
    assert str(folder) in row
    here = run("needed", MODEL_ID, HF_HUB_OFFLINE="1")
    assert f"Here, nothing to download: {folder}" in here.stdout


def test_offline_is_one_sentence_and_the_exit_code_of_models(run):
    process = run("get", MODEL_ID, HF_HUB_OFFLINE="1")
    assert process.returncode == 4
    assert "HF_HUB_OFFLINE forbids it" in error_line(process)


def test_a_gated_model_is_one_sentence_too(run, tiny_hub):
    tiny_hub.repositories[MODEL_ID].is_gated = True
    assert "has to be accepted on that page" in run("needed", MODEL_ID).stdout
    process = run("get", MODEL_ID)
    assert process.returncode == 4
    assert "accept it there, then log in" in error_line(process)


def test_a_presets_models_are_all_told(run):
    process = run("needed", "--preset", "demo", HF_HUB_OFFLINE="1")
    assert process.returncode == 0, process.stderr
    for setting, name in models_of(build_settings([load_preset("demo")])).items():
        assert f"{setting} = {name}" in process.stdout
    assert "unet/diffusion_pytorch_model.safetensors" in process.stdout
    assert "network.safetensors" in process.stdout


def test_networks_beside_the_prior_are_told_where_they_are_used(run):
    """One that leads the prior, and one that stands in for its encoder: diffusers' folders."""
    arguments = [
        "needed",
        "--preset",
        "demo",
        "--set",
        "performance.tiny_encoder=demo-tiny-encoder",
    ]
    assert "demo-conditioner" not in run(*arguments, HF_HUB_OFFLINE="1").stdout
    arguments += ["--set", "paint.guidance.conditioner=demo-conditioner"]
    process = run(*arguments, HF_HUB_OFFLINE="1")
    assert process.returncode == 0, process.stderr
    assert "paint.guidance.conditioner = demo-conditioner: ControlNetModel" in process.stdout
    assert "performance.tiny_encoder = demo-tiny-encoder: AutoencoderTiny" in process.stdout


def test_the_models_of_a_chosen_segmentation_are_told_too(run, tmp_path):
    """A network of its own is a folder of transformers, and SAM a file."""
    detector = tmp_path / "models" / "detector"
    detector.mkdir(parents=True)
    (detector / "config.json").write_text('{"model_type": "grounding-dino"}')
    for name in ("model.safetensors", "tokenizer.json", "pytorch_model.bin", "notes.txt"):
        (detector / name).write_bytes(b"x")
    arguments = ["--preset", "demo", "--set", "segmentation.provider=grounded_sam"]
    arguments += ["--set", "segmentation.grounded_sam.detector=detector"]
    models = {"ALBUM2AVATAR_MODELS": str(tmp_path / "models")}
    process = run("needed", *arguments, **models)
    assert process.returncode == 4
    assert "segmentation.grounded_sam.detector = detector: grounding-dino" in process.stdout
    assert "model.safetensors" in process.stdout
    assert "pytorch_model.bin" not in process.stdout
    assert "SAM's checkpoint" in error_line(process)
    (tmp_path / "models" / "sam_vit_h_4b8939.pth").write_bytes(b"x")
    assert "segmentation.grounded_sam.sam: 1 B, here:" in run("needed", *arguments, **models).stdout


@pytest.mark.parametrize("arguments", [("needed",), ("needed", "demo-prior", "--preset", "demo")])
def test_source_or_preset_but_not_both(run, arguments):
    process = run(*arguments)
    assert process.returncode == 2
    assert "either SOURCE or --preset" in error_line(process)
