"""A screen, a backend, and a Blender window with the extension; once for all tests here."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from blender_window import BlenderWindow, find_root
from screen import Screen

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Studio:
    """What an artist has in front of her."""

    blender: BlenderWindow
    album: Path
    state: Path
    """The backend's state folder, for the extension as well."""


@pytest.fixture(scope="session")
def studio() -> Generator[Studio, None, None]:
    root = find_root()
    if not root.is_dir() or os.geteuid() != 0:
        pytest.skip("there is no Blender window: run scripts/test_window as root")
    with Screen() as screen:
        folder = root / "window-test"
        state, album = folder / "state", folder / "Photos of Mia"
        places = {"ALBUM2AVATAR_STATE": str(state), "XDG_DATA_HOME": str(folder / "data")}
        blender = BlenderWindow(root, screen, places)
        shutil.copytree(REPOSITORY / "examples" / "demo_album", album)
        blender.install_extension(_build_extension(folder))
        backend = _start_backend(places)
        try:
            with blender:
                yield Studio(blender, album, state)
        finally:
            backend.terminate()
            backend.wait(30)


def _build_extension(folder: Path) -> Path:
    """The zip that artists install."""
    subprocess.run(
        [str(REPOSITORY / "scripts" / "build_extension"), str(folder)], check=True, timeout=300
    )
    (archive,) = folder.glob("*.zip")
    return archive


def _start_backend(places: Mapping[str, str]) -> subprocess.Popen[str]:
    """Start the service and wait until it says that it is ready.

    Blender can't start it from where it is: in there is no environment with torch. It finds the
    running one by its state folder.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "album2avatar.cli", "serve"],
        env={**os.environ, **places},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    assert ready["event"] == "ready", ready
    return process
