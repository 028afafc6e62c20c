"""A screen and a Blender window with the extension; once for all tests here."""

import os
import shutil
import subprocess
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest
from blender_window import BlenderWindow, find_root
from host_python import HostPython
from screen import Screen

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Studio:
    """What an artist has in front of her."""

    blender: BlenderWindow
    album: Path
    python: HostPython
    """A Python that has album2avatar."""


@pytest.fixture(scope="session")
def studio() -> Generator[Studio, None, None]:
    root = find_root()
    if not root.is_dir() or os.geteuid() != 0:
        pytest.skip("there is no Blender window: run scripts/test_window as root")
    with Screen() as screen:
        blender = BlenderWindow(root, screen)
        album = blender.home / "Pictures" / "Mia"
        shutil.copytree(REPOSITORY / "examples" / "demo_album", album)
        blender.install_extension(_build_extension(blender.folder))
        with HostPython(root, blender.folder, blender.home) as python, blender:
            yield Studio(blender, album, python)


def _build_extension(folder: Path) -> Path:
    """The zip that artists install."""
    subprocess.run(
        [str(REPOSITORY / "scripts" / "build_extension"), str(folder)], check=True, timeout=300
    )
    (archive,) = folder.glob("*.zip")
    return archive
