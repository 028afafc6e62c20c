"""Versions of Blender as Python modules, and other programs that read what they write."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
READERS = ROOT / ".venv-readers"
ENVIRONMENTS = {"4.2": ".venv-blender-4.2", "4.5": ".venv-blender", "5.0": ".venv-blender-5.0"}


@dataclass(frozen=True)
class Blender:
    """One version of Blender."""

    version: str
    python: Path

    def run(
        self, script: str, *arguments: str | Path, environment: Mapping[str, str] | None = None
    ) -> None:
        """Run a script of this folder inside Blender; it must end well."""
        finished = subprocess.run(
            [self.python, Path(__file__).with_name(script), *arguments],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            env={**os.environ, **(environment or {})},
        )
        assert finished.returncode == 0, finished.stdout[-2000:] + finished.stderr[-4000:]


def find_blender(version: str) -> Blender:
    """Blender of a version, or a skipped test."""
    python = ROOT / ENVIRONMENTS[version] / "bin" / "python"
    if not python.exists():
        pytest.skip(f"Blender {version} is missing: run scripts/blender_env {version}")
    return Blender(version, python)


def read_fbx(path: Path) -> dict[str, Any]:
    """What three.js sees in an FBX file."""
    script = READERS / "read_fbx.mjs"
    if shutil.which("node") is None or not script.exists():
        pytest.skip("node or three.js is missing: run scripts/reader_env")
    return json.loads(output_of(["node", str(script), str(path)]))


def output_of(command: list[str]) -> str:
    """What a program prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
