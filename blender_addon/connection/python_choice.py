"""Which Python the backend's environment is made from."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .process import clean_environment, detached
from .types import Problem

OLDEST = (3, 11)
_NAMES = ("python3.12", "python3.11", "python3.13", "python3", "python")
"""In the order of how many packages have wheels for it."""
_PROBE_TIMEOUT = 30.0
_PROBE = (
    "import sys, json; print(json.dumps([list(sys.version_info[:3]), sys.executable, sys.prefix, "
    "sys.base_prefix]))"
)

NONE_FOUND = Problem(
    "no_python",
    "No Python 3.11 or newer was found. Install one from python.org (or uv from astral.sh), or "
    "name one in the field Python.",
)


@dataclass(frozen=True)
class Python:
    """A Python that answered."""

    path: Path
    version: tuple[int, int, int]
    prefix: Path
    """Folder into which it installs packages."""

    @property
    def is_new_enough(self) -> bool:
        """Whether album2avatar runs on it."""
        return self.version[:2] >= OLDEST


def probe(path: Path | str) -> Python | None:
    """Ask a program whether it is a Python and which, None where it does not answer."""
    try:
        finished = subprocess.run(
            [str(path), "-I", "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_TIMEOUT,
            env=clean_environment(os.environ),
            check=True,
            **detached(),
        )
        (major, minor, micro), executable, prefix, _ = json.loads(finished.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    return Python(Path(executable), (major, minor, micro), Path(prefix))


def choose_python(named: str, last_resort: Sequence[Path]) -> Python | Problem:
    """The Python that the artist named, else the first one found that is new enough.

    Args:
        named: path of a Python; "" to look for one.
        last_resort: further candidates, such as the Python that Blender brings. An environment
            made from it is a folder of its own; nothing is installed into Blender.
    """
    if named:
        return _named(named)
    for candidate in (*_candidates(), *last_resort):
        found = probe(candidate)
        if found is not None and found.is_new_enough:
            return found
    return NONE_FOUND


def find_uv() -> Path | None:
    """The program uv, None where it is not installed."""
    suffix = ".exe" if sys.platform == "win32" else ""
    found = shutil.which("uv")
    usual = (Path.home() / folder / f"uv{suffix}" for folder in (".local/bin", ".cargo/bin"))
    return Path(found) if found else next((path for path in usual if path.is_file()), None)


def python_of(environment: Path) -> Path:
    """The Python program of an environment folder."""
    if sys.platform == "win32":
        return environment / "Scripts" / "python.exe"
    return environment / "bin" / "python"


def _named(named: str) -> Python | Problem:
    path = Path(named).expanduser()
    if path.is_dir():
        path = python_of(path)
    found = probe(path)
    if found is None:
        return Problem(
            "bad_python",
            f"{named} is no Python that runs here. Choose the program python (python.exe) itself, "
            "or leave the field empty.",
        )
    if not found.is_new_enough:
        version = ".".join(str(part) for part in found.version)
        return Problem(
            "python_too_old",
            f"{named} is Python {version}; album2avatar needs 3.11 or newer. Choose another one, "
            "or leave the field empty.",
        )
    return found


def _candidates() -> Iterator[Path]:
    """Programs that look like Python; a Blender started from the desktop has a short PATH."""
    usual = ("/opt/homebrew/bin", "/usr/local/bin") if sys.platform == "darwin" else ()
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), *usual))
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", "")) / "Programs" / "Python"
        for version in ("Python312", "Python311", "Python313"):
            yield local / version / "python.exe"
    for name in _NAMES:
        found = shutil.which(name, path=path)
        if found:
            yield Path(found)
