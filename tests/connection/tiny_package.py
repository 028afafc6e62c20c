"""A package album2avatar of a few lines, with its own build, and a wheel that is called torch.

They take the place of gigabytes: the installer makes real environments and runs real pip.
"""

import zipfile
from pathlib import Path

BUILD = """
import pathlib, time, zipfile

HERE = pathlib.Path(__file__).parent

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    (HERE / "building").touch()
    while (HERE / "slow").exists():
        time.sleep(0.05)
    version = (HERE / "version").read_text()
    name = f"album2avatar-{version}-py3-none-any.whl"
    info = f"album2avatar-{version}.dist-info"
    with zipfile.ZipFile(pathlib.Path(wheel_directory) / name, "w") as wheel:
        wheel.writestr("album2avatar/__init__.py", "")
        wheel.write(HERE / "cli.py", "album2avatar/cli.py")
        wheel.writestr(
            f"{info}/METADATA",
            f"Metadata-Version: 2.1\\nName: album2avatar\\nVersion: {version}\\n"
            "Requires-Dist: torch\\n",
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""
PROJECT = """
[build-system]
requires = []
build-backend = "build_it"
backend-path = ["."]
"""
COMMAND_LINE = """
import json, sys

FINDINGS = {findings!r}
if "--version" in sys.argv:
    print({version!r})
else:
    import torch
    print(json.dumps(FINDINGS, indent=2))
    print("a warning of some library", file=sys.stderr)
    sys.exit(any(finding["state"] == "broken" for finding in FINDINGS))
"""
READY = ({"subject": "torch", "state": "ready", "detail": "here", "remedy": ""},)
BROKEN = (
    *READY,
    {"subject": "disk", "state": "broken", "detail": "1 GiB free", "remedy": "Free some space."},
)


def write_package(folder: Path, version: str = "0.1.0", findings=READY) -> Path:
    """A source folder of album2avatar; a file `slow` in it holds the build up."""
    folder.mkdir(exist_ok=True)
    (folder / "pyproject.toml").write_text(PROJECT)
    (folder / "build_it.py").write_text(BUILD)
    (folder / "version").write_text(version)
    command_line = COMMAND_LINE.format(findings=list(findings), version=version)
    (folder / "cli.py").write_text(command_line)
    return folder


def write_torch(folder: Path) -> None:
    """A folder of wheels, in which there is torch."""
    folder.mkdir(exist_ok=True)
    info = "torch-2.9.0.dist-info"
    with zipfile.ZipFile(folder / "torch-2.9.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("torch/__init__.py", "")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.9.0\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
