"""A tiny avatar that has learned real tokens, and a wardrobe that has them."""

import shutil
from pathlib import Path

import pytest
import torch

from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.types import UvMap
from album2avatar.pictures import save_texture
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.workspace import Workspace
from toy_person import egg, true_assets, write_tiny_prior, write_workspace
from wardrobe_states import PAINTED


@pytest.fixture(scope="session")
def made_avatar(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An avatar of four photos with a texture in stripes by height; tests don't change it."""
    folder = tmp_path_factory.mktemp("avatar")
    avatar = write_workspace(folder / "Anna", write_tiny_prior(folder / "prior"))
    mesh = egg(3)
    height = mesh.vertices[:, 2] / 1.7
    uv = UvMap(torch.stack([torch.full_like(height, 0.5), height], dim=1), mesh.faces)
    faces = true_assets(mesh.vertices[mesh.faces].mean(1))
    extras = {"vertex_asset": true_assets(mesh.vertices), "face_asset": faces}
    save_mesh(avatar.painted, mesh, uv, extras)
    rows = true_assets(torch.linspace(0, 1.7, 64)[:, None].repeat(1, 3))
    save_texture(avatar.albedo, torch.tensor(PAINTED)[rows][:, None].repeat(1, 8, 1) / 255)
    return avatar


@pytest.fixture
def avatar(made_avatar: Workspace, tmp_path: Path) -> Workspace:
    """A copy that a test may change."""
    shutil.copytree(made_avatar.root, tmp_path / "Anna")
    return Workspace(tmp_path / "Anna")


@pytest.fixture(scope="session")
def filled(made_avatar: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a wardrobe with the avatar's three pieces; tests don't change it."""
    folder = tmp_path_factory.mktemp("filled") / "wardrobe"
    Wardrobe(folder).add(made_avatar, "Anna")
    return folder


@pytest.fixture
def wardrobe(filled: Path, tmp_path: Path) -> Wardrobe:
    """A wardrobe with hair, shirt and trousers that a test may change."""
    shutil.copytree(filled, tmp_path / "wardrobe")
    return Wardrobe(tmp_path / "wardrobe")
