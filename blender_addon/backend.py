"""The bridge between Blender and the backend: one connection, one installer, one timer."""

# pyright: reportMissingImports=false

import atexit
import logging
import os
import re
import secrets
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import bpy

from .connection.connection import Connection
from .connection.install_steps import InstallPlan
from .connection.installation import InstallStatus
from .connection.installer import Installer
from .connection.types import Launch
from .setup.choices import Choices, extension_version, read_choices

TICK_BUDGET = 0.005
"""Seconds that one tick of the timer may keep Blender's main thread."""

_DRAIN_BUDGET = 0.0025
_LIVELY, _QUIET = 0.05, 0.5
"""Seconds between two ticks: while somebody watches or something is under way, and else."""
_REDRAWN = frozenset({("VIEW_3D", "UI"), ("PREFERENCES", "WINDOW")})
_CLOSE_PATIENCE = 1.0

_log = logging.getLogger(__name__)


@dataclass
class TickTimes:
    """How long the timer kept Blender's main thread, in seconds."""

    count: int = 0
    late: int = 0
    """How many took longer than `TICK_BUDGET`."""
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one tick."""
        self.count += 1
        self.late += seconds > TICK_BUDGET
        self.longest = max(self.longest, seconds)


class Backend:
    """What one registered extension has of the backend; used in Blender's main thread only."""

    def __init__(self, cache: Path, version: str) -> None:
        """Prepare; no process is started. Downloads go below the folder `cache`."""
        self.connection = Connection(cache)
        self.installer = Installer()
        self.version = version
        self.times = TickTimes()
        self._is_stopped = False
        self._shown: InstallStatus | None = None

    def look(self, choices: Choices) -> None:
        """Find out what is installed, as the choices say."""
        self.installer.look(choices.installation, choices.existing, self.version)

    def plan(self, choices: Choices) -> InstallPlan:
        """What Install does."""
        return InstallPlan(
            folder=choices.installation,
            version=self.version,
            python=choices.python,
            last_resort=_blenders_python(),
            source=bpy.path.abspath(choices.source) if choices.source else "",
            is_online=bool(bpy.app.online_access),
        )

    def start(self, choices: Choices) -> bool:
        """Start the backend, or find the running one; whether it is set up at all."""
        python = self.installer.status().python
        if python is None:
            return False
        self._is_stopped = False
        self.connection.start(
            Launch(
                python=python,
                state=choices.state,
                version=self.version,
                parent_pid=os.getpid(),
                when_parent_ends=choices.when_blender_quits,
            )
        )
        return True

    def stop(self) -> None:
        """End the backend; it is not started again before the artist says so."""
        self._is_stopped = True
        self.connection.stop()

    def tick(self) -> float:
        """One tick of the timer; the answer is the seconds until the next."""
        began = time.perf_counter()
        try:
            return self._tick()
        finally:
            self.times.add(time.perf_counter() - began)

    def close(self, choices: Choices | None) -> None:
        """The extension goes, or Blender does: jobs stop or finish as the artist chose."""
        self.installer.close(_CLOSE_PATIENCE)
        finishes = choices is not None and choices.when_blender_quits == "finish"
        self.connection.close("idle" if finishes else "now", _CLOSE_PATIENCE)

    def _tick(self) -> float:
        snapshot = self.connection.peek()
        is_watched = self.connection.is_watched()
        is_wanted = is_watched and snapshot.status == "off" and not self._is_stopped
        # Whether there is one to start is known; the choices ask the disk, twenty times a second.
        if is_wanted and self.installer.status().python is not None:
            self.start(read_choices(bpy.context))
        has_changed = self.connection.drain(_DRAIN_BUDGET)
        status = self.installer.status()
        if has_changed or status is not self._shown:
            self._shown = status
            redraw()
        is_busy = self.installer.is_busy() or any(job.is_active for job in snapshot.jobs)
        return _LIVELY if is_watched or is_busy or has_changed else _QUIET


def connection() -> Connection:
    """The connection to the backend.

    Raises:
        RuntimeError: the extension is not registered.
    """
    return current().connection


def current() -> Backend:
    """The backend of the registered extension.

    Raises:
        RuntimeError: the extension is not registered.
    """
    if _registered is None:
        raise RuntimeError("album2avatar is not registered")
    return _registered


def avatar_folder(title: str) -> str | None:
    """A new folder for an avatar in the artist's avatars folder, None where none was chosen."""
    folder = read_choices(bpy.context).avatars
    if folder is None:
        return None
    words = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:40] or "avatar"
    return str(folder / f"{words}-{secrets.token_hex(3)}")


def redraw() -> None:
    """Draw anew what shows something of the backend; not the scene, which may be heavy."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            for region in area.regions:
                if (area.type, region.type) in _REDRAWN:
                    region.tag_redraw()


def register() -> None:
    """After the classes: one connection and its timer, which survives the loading of files."""
    global _registered
    backend = Backend(Path(bpy.app.tempdir) / "album2avatar", extension_version())
    backend.look(read_choices(bpy.context))
    _registered = backend
    bpy.app.timers.register(_tick, first_interval=_LIVELY, persistent=True)
    atexit.register(_close)


def unregister() -> None:
    """Before the classes: the backend ends as the artist chose."""
    atexit.unregister(_close)
    if bpy.app.timers.is_registered(_tick):
        bpy.app.timers.unregister(_tick)
    _close()


def _close() -> None:
    """Also when Blender quits without unregistering."""
    global _registered
    backend, _registered = _registered, None
    if backend is not None:
        backend.close(_choices_or_none())


def _choices_or_none() -> Choices | None:
    try:
        return read_choices(bpy.context)
    except AttributeError:  # while Blender quits there may be no context any more
        return None


def _tick() -> float | None:
    if _registered is None:
        return None
    try:
        return _registered.tick()
    except Exception:  # a bug; an exception would end the timer for good
        _log.exception("The timer")
        return _QUIET


def _blenders_python() -> tuple[Path, ...]:
    """To make an environment from where no other Python is found; nothing goes into it."""
    program = Path(sys.executable or "")
    return (program,) if program.name.lower().startswith("python") else ()


_registered: Backend | None = None
