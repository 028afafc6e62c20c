"""Where packages come from: the user's own configuration first, else the build of torch that fits.

pip knows its configuration; uv does not read pip's. So where pip has been told of an index
(a mirror, a proxy, a folder of wheels), pip installs and no index is added: whoever runs a
mirror decides what is on it. Else PyPI is used, with PyTorch's own index where PyPI's torch
is not the one that fits.
"""

import configparser
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from .process import detached

_INDEX_OPTIONS = frozenset({"index-url", "extra-index-url", "find-links", "no-index"})
_NVIDIA_TIMEOUT = 20.0


@dataclass(frozen=True)
class TorchBuild:
    """A build of torch and where it is."""

    name: str
    index: str
    """Index of torch and what it needs; "" where PyPI's own build is the one."""
    disk_gib: float
    """What the whole environment takes, with room for the downloads."""


TORCH_BUILDS: Mapping[tuple[str, bool], TorchBuild] = {
    # By sys.platform and whether there is an NVIDIA driver. PyPI has CUDA for Linux, none for
    # Windows; source: https://pytorch.org/get-started/locally
    ("linux", True): TorchBuild("CUDA", "", 14.0),
    ("linux", False): TorchBuild("CPU", "https://download.pytorch.org/whl/cpu", 5.0),
    ("win32", True): TorchBuild("CUDA", "https://download.pytorch.org/whl/cu126", 14.0),
    ("win32", False): TorchBuild("CPU", "", 5.0),
    ("darwin", False): TorchBuild("Metal and CPU", "", 5.0),
}


def torch_build(platform: str, has_nvidia: bool) -> TorchBuild:
    """The build of torch for a machine; `platform` as in sys.platform."""
    return TORCH_BUILDS.get((platform, has_nvidia)) or TORCH_BUILDS.get(
        (platform, False), TorchBuild("PyPI's", "", 14.0)
    )


def has_nvidia_driver() -> bool:
    """Whether the driver of an NVIDIA card answers."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return False
    try:
        finished = subprocess.run(
            [program, "-L"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_NVIDIA_TIMEOUT,
            check=False,
            **detached(),
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return finished.returncode == 0 and b"GPU" in finished.stdout


def pip_names_an_index(variables: Mapping[str, str]) -> bool:
    """Whether the user's pip configuration says where packages come from."""
    names = {name.replace("-", "_").upper() for name in _INDEX_OPTIONS}
    if any(variables.get(f"PIP_{name}", "").strip() for name in names):
        return True
    return any(_names_an_index(path) for path in _configuration_files(variables))


def _names_an_index(path: Path) -> bool:
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read(path, encoding="utf-8")
    except (OSError, configparser.Error, UnicodeDecodeError):
        return False
    return any(
        _INDEX_OPTIONS & set(parser.options(section))
        for section in ("global", "install")
        if parser.has_section(section)
    )


def _configuration_files(variables: Mapping[str, str]) -> Iterator[Path]:
    """Where pip looks; source: pip's documentation, topics/configuration."""
    named = variables.get("PIP_CONFIG_FILE", "").strip()
    if named:
        yield Path(named)
        if named == os.devnull:
            return
    home = Path.home()
    if sys.platform == "win32":
        for base in ("PROGRAMDATA", "APPDATA"):
            if variables.get(base):
                yield Path(variables[base]) / "pip" / "pip.ini"
        yield home / "pip" / "pip.ini"
        return
    if sys.platform == "darwin":
        yield Path("/Library/Application Support/pip/pip.conf")
        yield home / "Library" / "Application Support" / "pip" / "pip.conf"
    for folder in (variables.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        yield Path(folder) / "pip" / "pip.conf"
    yield Path("/etc/pip.conf")
    yield home / ".pip" / "pip.conf"
    yield Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "pip" / "pip.conf"
