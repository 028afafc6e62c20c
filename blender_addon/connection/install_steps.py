"""The steps of an installation, in order; each that is done is recorded at once.

Nothing is ever installed into Blender's Python, nor into an environment of the artist's.
"""

import contextlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from . import messages
from .commands import CommandError, Commands
from .installation import (
    InstallFolder,
    InstallLock,
    InstallState,
    Record,
    fingerprint,
    write_record,
)
from .package_index import TorchBuild, has_nvidia_driver, pip_names_an_index, torch_build
from .parsing import AnswerError, Fields, parse_finding
from .python_choice import Python, choose_python, find_uv, probe
from .types import Finding, Problem
from .versions import is_same_release

PACKAGE = "album2avatar"
TORCH = "torch>=2.6"
CONSTRAINTS = "constraints.txt"

OFFLINE = Problem(
    "offline",
    "Blender's online access is off, and the packages have to be downloaded. Switch it on in "
    "Preferences > System > Network > Allow Online Access, then press Try Again.",
)

_SHARES = {"environment": 0.05, "torch": 0.45, "package": 0.45, "verify": 0.05}
_ORDER = tuple(_SHARES)
_TELLING = ("Collecting", "Downloading", "Using cached", "Building", "Installing", "Processing")
_LONGEST_MESSAGE = 100


@dataclass(frozen=True)
class InstallPlan:
    """What the artist wants."""

    folder: Path
    """Where the environment and its record go."""
    version: str
    """The extension's version; the backend has to be of the same release."""
    python: str = ""
    """Path of a Python; "" to look for one."""
    last_resort: tuple[Path, ...] = ()
    """Pythons to make the environment from where no other is found."""
    source: str = ""
    """Folder or wheel of album2avatar; "" for the package index."""
    is_online: bool = False
    """Whether Blender may use the network."""


@dataclass(frozen=True)
class _Tools:
    """What an installation works with on this machine."""

    python: Python
    uv: Path | None
    build: TorchBuild
    torch_index: str


class SetUpError(Exception):
    """The set-up can't go on, in words."""

    def __init__(self, problem: Problem, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(problem.message)
        self.problem = problem
        self.findings = findings


class Tell(Protocol):
    """Shows where an installation stands."""

    def __call__(
        self, state: InstallState, step: str, fraction: float, message: str = ""
    ) -> None: ...


@dataclass(frozen=True)
class Verified:
    """An environment that works."""

    python: Path
    version: str
    """Of its album2avatar."""
    findings: tuple[Finding, ...]


def verify_environment(commands: Commands, python: Path, version: str, tell: Tell) -> Verified:
    """Check the album2avatar that `python` has against the extension's `version`.

    Raises:
        SetUpError: it is of another release, or the doctor finds it broken.
        CommandError: it is not there.
        CancelledError: somebody cancelled.
    """
    tell("verifying", "Checking the installation", 1.0 - _SHARES["verify"])
    program = [python, "-m", "album2avatar.cli"]
    found = commands.run([*program, "--version"], _nobody, _nobody).strip()
    if not is_same_release(found, version):
        raise SetUpError(messages.other_version(found, version))
    try:
        output = commands.run([*program, "doctor", "--json"], _nobody, _nobody)
    except CommandError as error:
        # The doctor ends with an error when something is broken, and says what.
        output = error.answer
        if _parse_findings(output) is None:
            raise
    findings = _parse_findings(output)
    if findings is None:
        raise SetUpError(messages.BAD_ANSWER)
    broken = next((finding for finding in findings if finding.state == "broken"), None)
    if broken is not None:
        raise SetUpError(
            Problem("doctor", f"{broken.subject}: {broken.detail}. {broken.remedy}".strip()),
            findings,
        )
    return Verified(python, found, findings)


class InstallSteps:
    """One installation."""

    def __init__(
        self,
        plan: InstallPlan,
        lock: InstallLock,
        commands: Commands,
        tell: Tell,
    ) -> None:
        self._plan = plan
        self._place = InstallFolder(plan.folder)
        self._lock = lock
        self._commands = commands
        self._tell = tell
        self._title = ""
        self._done = 0.0

    def do(self, record: Record) -> Verified:
        """Every step that `record` does not hold already.

        Raises:
            SetUpError: a step can't be done.
            CommandError: a step's command ended with an error.
            CancelledError: somebody cancelled.
            OSError: a folder can't be written.
        """
        write_record(self._place.record, record)
        tools = self._choose_tools()
        made_from = fingerprint(tools.python.path, tools.python.version, tools.uv)
        if not self._has_environment():
            record = record.without("environment")
        record = self._step(
            record,
            "environment",
            f"Making an environment with Python {_dotted(tools.python)}",
            made_from,
            lambda: self._make_environment(tools),
        )
        self._check_is_own_environment()
        torch_from = fingerprint(made_from, tools.build.name, tools.torch_index)
        record = self._step(
            record,
            "torch",
            f"Installing PyTorch ({tools.build.name})",
            torch_from,
            lambda: self._install_torch(tools),
        )
        record = self._step(
            record,
            "package",
            "Installing album2avatar",
            fingerprint(torch_from, self._plan.source, self._plan.version),
            lambda: self._install_package(tools),
        )
        python = self._place.python
        verified = verify_environment(self._commands, python, self._plan.version, self._tell)
        write_record(self._place.record, record.verified(python, verified.version))
        return verified

    def _step(
        self, record: Record, name: str, title: str, made_from: str, work: Callable[[], None]
    ) -> Record:
        """Do a step unless it is done, and record it."""
        self._title = title
        self._tell("installing", title, self._done)
        if not record.is_done(name, made_from):
            # What was built upon the former result is not done any more, whatever happens now.
            record = record.without(*_ORDER[_ORDER.index(name) :])
            write_record(self._place.record, record)
            work()
            record = record.with_step(name, made_from)
            write_record(self._place.record, record)
        self._done += _SHARES[name]
        return record

    def _choose_tools(self) -> _Tools:
        self._tell("installing", "Looking for Python", 0.0)
        has_own_index = pip_names_an_index(os.environ)
        build = torch_build(sys.platform, has_nvidia_driver())
        python = choose_python(self._plan.python, self._plan.last_resort)
        if isinstance(python, Problem):
            raise SetUpError(python)
        self._check_space(build)
        return _Tools(
            python=python,
            uv=None if has_own_index else find_uv(),
            build=build,
            torch_index="" if has_own_index else build.index,
        )

    def _check_space(self, build: TorchBuild) -> None:
        """Before the first byte is downloaded; an environment that is there needs no more."""
        free = shutil.disk_usage(self._place.path).free / 2**30
        if free < build.disk_gib and not self._has_environment():
            raise SetUpError(
                Problem(
                    "disk_full",
                    f"{self._place.path} has {free:.1f} GiB free; the backend needs "
                    f"{build.disk_gib:.0f} GiB. Free some space or choose another folder.",
                )
            )

    def _has_environment(self) -> bool:
        return self._place.python.is_file()

    def _make_environment(self, tools: _Tools) -> None:
        environment = self._place.environment
        is_ours = (environment / "pyvenv.cfg").is_file()
        is_elsewhere = environment.is_symlink()
        if is_elsewhere or (environment.exists() and not is_ours and any(environment.iterdir())):
            raise SetUpError(
                Problem(
                    "not_empty",
                    f"{environment} holds other files. Choose another folder for the environment.",
                )
            )
        if tools.uv is not None:
            uv = [tools.uv, "venv", "--offline", "--clear"]
            self._run([*uv, "--python", tools.python.path, environment])
        else:
            self._run([tools.python.path, "-m", "venv", "--clear", environment])

    def _check_is_own_environment(self) -> None:
        """Whatever went wrong before: packages go into the environment and nowhere else."""
        found = probe(self._place.python)
        environment = self._place.environment.resolve()
        if found is None or found.prefix.resolve() != environment:
            raise SetUpError(
                Problem(
                    "bad_environment",
                    f"{environment} is damaged. Delete this folder, then press Try Again.",
                )
            )

    def _install_torch(self, tools: _Tools) -> None:
        index = ["--index-url", tools.torch_index] if tools.torch_index else []
        self._install(tools, [*index, *self._constraints(), TORCH])

    def _install_package(self, tools: _Tools) -> None:
        source = self._plan.source
        if source and not Path(source).expanduser().exists():
            raise SetUpError(
                Problem("bad_source", f"{source} is not there. Choose another package source.")
            )
        requirement = (
            str(Path(source).expanduser()) if source else f"{PACKAGE}=={self._plan.version}"
        )
        is_there = self._has_package()
        self._install(tools, [*self._constraints(), requirement])
        if source and is_there:
            # A changed wheel or folder of the same version would not be taken otherwise.
            self._install(tools, ["--force-reinstall", "--no-deps", requirement])

    def _has_package(self) -> bool:
        return any(self._place.environment.glob(f"**/site-packages/{PACKAGE}-*.dist-info"))

    def _constraints(self) -> list[str | Path]:
        """Tested versions, where the source says them."""
        file = Path(self._plan.source).expanduser() / CONSTRAINTS if self._plan.source else None
        return ["--constraint", file] if file is not None and file.is_file() else []

    def _install(self, tools: _Tools, arguments: Sequence[str | Path]) -> None:
        if not self._plan.is_online:
            raise SetUpError(OFFLINE)
        if tools.uv is not None:
            command = [tools.uv, "pip", "install", "--color", "never"]
            self._run([*command, "--python", self._place.python, *arguments])
        else:
            pip = [self._place.python, "-m", "pip", "install", "--no-input"]
            quiet = ["--disable-pip-version-check", "--progress-bar", "off"]
            self._run([*pip, *quiet, *arguments])

    def _run(self, command: Sequence[str | Path]) -> None:
        self._commands.run(command, self._lock.add, self._tell_line)

    def _tell_line(self, line: str) -> None:
        if line.startswith(_TELLING):
            self._tell("installing", self._title, self._done, line[:_LONGEST_MESSAGE])


def _parse_findings(output: str) -> tuple[Finding, ...] | None:
    """The findings in what the doctor said, None where there are none."""
    start, end = output.find("["), output.rfind("]")
    with contextlib.suppress(ValueError, AnswerError):
        values: Any = json.loads(output[start : end + 1])
        return tuple(parse_finding(Fields(value)) for value in cast(list[Any], values))
    return None


def _dotted(python: Python) -> str:
    return ".".join(str(part) for part in python.version)


def _nobody(_: object) -> None:
    """For commands whose lines and numbers nobody needs."""
