"""A tiny avatar that has learned real tokens, and a wardrobe that has them."""

import shutil
from pathlib import Path

import pytest

from album2avatar.wardrobe.library import Wardrobe
from album2avatar.workspace import Workspace
from toy_person import write_tiny_prior, write_workspace
from wardrobe_states import paint_in_stripes


@pytest.fixture(scope="session")
def made_avatar(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """An avatar of four photos with a texture in stripes by height; tests don't change it."""
    folder = tmp_path_factory.mktemp("avatar")
    avatar = write_workspace(folder / "Anna", write_tiny_prior(folder / "prior"))
    paint_in_stripes(avatar)
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
