"""A hub with one model, and an empty cache."""

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from album2avatar.hub import Hub
from hub_server import MODEL_ID, Repository, TinyHub, running_hub
from tiny_priors import write_tiny_prior


@pytest.fixture(scope="session")
def sdxl_folder(tmp_path_factory) -> Path:
    return write_tiny_prior(tmp_path_factory.mktemp("sdxl") / "model", "sdxl")


@pytest.fixture
def published(sdxl_folder, tmp_path) -> Path:
    """A repository as the real ones are: two precisions, pickles, and much that isn't needed."""
    folder = shutil.copytree(sdxl_folder, tmp_path / "published")
    for weights in list(folder.rglob("*.safetensors")):
        half = {name: tensor.half() for name, tensor in load_file(weights).items()}
        save_file(half, weights.with_name(f"{weights.stem}.fp16.safetensors"), {"format": "pt"})
        weights.with_suffix(".bin").write_bytes(b"a pickle")
    (folder / "whole_checkpoint.safetensors").write_bytes(b"x" * 5000)
    (folder / "README.md").write_text("# A model\n")
    (folder / "vae_1_0").mkdir()
    (folder / "vae_1_0" / "config.json").write_text("{}")
    return folder


@pytest.fixture
def tiny_hub(published):
    with running_hub() as server:
        server.repositories[MODEL_ID] = Repository(published)
        yield server


@pytest.fixture
def hub(tiny_hub: TinyHub, tmp_path: Path) -> Hub:
    return Hub(tiny_hub.url, tmp_path / "cache")
