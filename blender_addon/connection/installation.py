"""What is installed: a record beside the environment, written step by step."""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, cast

from .processes import is_alive
from .python_choice import python_of
from .types import Finding, Problem
from .versions import is_same_release

InstallState = Literal[
    "not_installed", "installing", "verifying", "ready", "update_needed", "failed"
]

_FORMAT = 1
_RECORD, _LOG, _LOCK, _ENVIRONMENT = (
    "installation.json",
    "install.log",
    "installation.lock",
    "environment",
)

ANOTHER_INSTALLS = Problem(
    "busy",
    "Another Blender, or an installation that was broken off, still works in this folder. Wait "
    "until it has ended, then press Try Again.",
)


@dataclass(frozen=True)
class InstallStatus:
    """Where the set-up stands; what the preferences show."""

    state: InstallState
    step: str = ""
    """What is being done, in words."""
    fraction: float = 0.0
    """Share of the work that is done, 0 to 1."""
    message: str = ""
    """Newest line of the step, or what to do next."""
    problem: Problem | None = None
    """Why it failed."""
    python: Path | None = None
    """The Python that runs the backend, once it is ready."""
    version: str = ""
    """Version of album2avatar that is installed."""
    findings: tuple[Finding, ...] = ()
    """What the doctor found when it was verified last."""


@dataclass(frozen=True)
class InstallFolder:
    """The folder of one installation."""

    path: Path

    @property
    def environment(self) -> Path:
        """The backend's own environment."""
        return self.path / _ENVIRONMENT

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return python_of(self.environment)

    @property
    def log(self) -> Path:
        """What the newest installation did."""
        return self.path / _LOG

    @property
    def lock(self) -> Path:
        """Held by the processes that install."""
        return self.path / _LOCK

    @property
    def record(self) -> Path:
        """What is done."""
        return self.path / _RECORD


@dataclass(frozen=True)
class Record:
    """Steps that are done, each with a fingerprint of what it was done from."""

    steps: Mapping[str, str]
    version: str = ""
    """Version of album2avatar, once verified."""
    python: str = ""
    """The verified Python."""

    def is_done(self, step: str, fingerprint: str) -> bool:
        """Whether the step was done from the same things."""
        return self.steps.get(step) == fingerprint

    def with_step(self, step: str, fingerprint: str) -> "Record":
        """The record after a step."""
        return Record(MappingProxyType({**self.steps, step: fingerprint}))

    def without(self, *steps: str) -> "Record":
        """The record as if the steps had not been done."""
        kept = {name: value for name, value in self.steps.items() if name not in steps}
        return Record(MappingProxyType(kept))

    def verified(self, python: Path, version: str) -> "Record":
        """The record of an environment that works."""
        return Record(self.steps, version, str(python))


EMPTY = Record(MappingProxyType({}))


def read_record(path: Path) -> Record:
    """The record at `path`; an empty one where there is none that can be read."""
    try:
        content: Any = json.loads(path.read_text("utf-8"))
        if not isinstance(content, dict) or content.get("format") != _FORMAT:
            return EMPTY
        fields = cast(dict[str, Any], content)
        steps = {str(name): str(value) for name, value in dict(fields["steps"]).items()}
        return Record(MappingProxyType(steps), str(fields["version"]), str(fields["python"]))
    except (OSError, ValueError, KeyError, TypeError):
        return EMPTY


def write_record(path: Path, record: Record) -> None:
    """Write a record so that it is either whole or the former one.

    Raises:
        OSError: the folder can't be written.
    """
    content = {
        "format": _FORMAT,
        "steps": dict(record.steps),
        "version": record.version,
        "python": record.python,
        "written_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    handle, name = tempfile.mkstemp(prefix=".record-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def look(record_path: Path, python: Path, version: str) -> InstallStatus:
    """What the record says of `python`; starts no process.

    Args:
        record_path: file of the record.
        python: the Python that should run the backend.
        version: the extension's version.
    """
    record = read_record(record_path)
    if record.python != str(python):
        message = "An installation was broken off; Install goes on with it." if record.steps else ""
        return InstallStatus("not_installed", message=message)
    if not python.is_file():
        return InstallStatus(
            "failed",
            problem=Problem(
                "python_missing",
                f"{python} is gone. Press Try Again, or choose another environment.",
            ),
        )
    if not is_same_release(record.version, version):
        return InstallStatus(
            "update_needed",
            message=f"Version {record.version} is installed; the extension is {version}.",
            version=record.version,
        )
    return InstallStatus("ready", fraction=1.0, python=python, version=record.version)


def fingerprint(*parts: object) -> str:
    """A short text that changes when any of the parts does."""
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()[:16]


class InstallLock:
    """Keeps two installations out of one folder, also after one of them was killed."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def acquire(self) -> bool:
        """Take it for this process; whether it was free.

        Raises:
            OSError: the folder can't be written.
        """
        while True:
            try:
                with self._path.open("x", encoding="utf-8") as file:
                    file.write(str(os.getpid()))
                return True
            except FileExistsError:
                if any(is_alive(holder) for holder in self._holders()):
                    return False
                self.release()

    def add(self, child: int) -> None:
        """Name a child that works in the folder, and may outlive this process."""
        with contextlib.suppress(OSError):
            self._path.write_text(f"{os.getpid()} {child}", "utf-8")

    def release(self) -> None:
        """Let others in."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _holders(self) -> set[int]:
        try:
            words = self._path.read_text("utf-8").split()
        except OSError:
            return set()
        return {int(word) for word in words if word.isdigit()}
