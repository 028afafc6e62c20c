"""The extension's zip: the same bytes from the same files, and nothing in it that should not be."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from blenders import ROOT, find_blender

PACK = ROOT / "scripts" / "pack_extension.py"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A copy of the extension's sources, with what lies about in a checkout."""
    copy = tmp_path / "blender_addon"
    shutil.copytree(ROOT / "blender_addon", copy)
    (copy / "__pycache__").mkdir(exist_ok=True)
    (copy / "__pycache__" / "errors.cpython-311.pyc").write_bytes(b"x")
    (copy / ".hidden.py").touch()
    return copy


def pack(source: Path, output: Path) -> subprocess.CompletedProcess[str]:
    output.mkdir(exist_ok=True)
    command = [sys.executable, PACK, source, ROOT / "LICENSE", output]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_same_sources_give_the_same_bytes(source: Path, tmp_path: Path) -> None:
    first = Path(pack(source, tmp_path / "one").stdout.strip())
    for path in sorted(source.rglob("*.py"), reverse=True):
        path.touch()
    second = Path(pack(source, tmp_path / "two").stdout.strip())
    assert first.read_bytes() == second.read_bytes()
    assert first.name == "album2avatar-0.1.0.zip"


def test_sources_and_licence_and_nothing_else(source: Path, tmp_path: Path) -> None:
    archive = Path(pack(source, tmp_path / "out").stdout.strip())
    with zipfile.ZipFile(archive) as file:
        names = file.namelist()
    assert {"LICENSE", "__init__.py", "blender_manifest.toml", "connection/types.py"} <= set(names)
    assert not [name for name in names if "pycache" in name or "/." in name or name[0] == "."]


def test_a_wheel_does_not_get_in_unnoticed(source: Path, tmp_path: Path) -> None:
    (source / "torch-2.9.0-py3-none-any.whl").touch()
    finished = pack(source, tmp_path / "out")
    assert finished.returncode == 1
    assert "torch-2.9.0-py3-none-any.whl does not belong" in finished.stderr


@pytest.mark.blender
@pytest.mark.parametrize("version", ["4.2", "4.5", "5.0"])
def test_blender_finds_nothing_wrong_with_it(version: str, tmp_path: Path) -> None:
    built = subprocess.run(
        [ROOT / "scripts" / "build_extension", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin", "ALBUM2AVATAR_BLENDER_PYTHON": find_blender(version).python},
    )
    assert built.returncode == 0, built.stdout + built.stderr
    assert "Success" in built.stdout
    assert "warning" not in (built.stdout + built.stderr).lower()
