"""The set-up as the preferences see it: a state, and an installation in a thread of its own.

States: not installed → installing → verifying → ready → update needed, or failed with the
reason in words.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from . import messages
from .commands import CancelledError, CommandError, Commands
from .install_steps import InstallPlan, InstallSteps, SetUpError, Verified, verify_environment
from .installation import (
    ANOTHER_INSTALLS,
    InstallFolder,
    InstallLock,
    InstallState,
    InstallStatus,
    Record,
    look,
    read_record,
    write_record,
)
from .python_choice import probe
from .types import Problem

_PAUSE = 0.1
_STILL_RUNS = (
    "The backend does not end, so it was not updated. Wait until its job has stopped, or quit the "
    "Blender that started it, then press Update again."
)


class _NotBegunError(Exception):
    """Nothing was done; what was installed is as it was."""


class Installer:
    """The set-up of one Blender; every method but `close` returns at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._status = InstallStatus("not_installed")
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    def status(self) -> InstallStatus:
        """Where the set-up stands."""
        return self._status

    def is_busy(self) -> bool:
        """Whether it installs or verifies."""
        return self._thread is not None and self._thread.is_alive()

    def look(self, folder: Path, existing: Path | None, version: str) -> None:
        """Find out what is installed from the records alone; starts no process.

        Args:
            folder: folder of the installation.
            existing: an environment's Python that the artist chose instead, or None.
            version: the extension's version.
        """
        if self.is_busy():
            return
        place = InstallFolder(folder)
        if existing is None:
            self._status = look(place.record, place.python, version)
        else:
            self._status = look(existing_record(folder), existing, version)

    def install(self, plan: InstallPlan) -> None:
        """Do what is not done yet, then verify."""
        self._run(lambda: self._install(plan, _record_of(plan)))

    def update(self, plan: InstallPlan, is_free: "Future[bool]") -> None:
        """Install album2avatar anew into the environment that is there, then verify.

        Args:
            plan: what the artist wants.
            is_free: waited for before anything is done; whether no backend runs from there
                any more. Where one does, nothing is done.
        """

        def work() -> Verified:
            self._wait_for(is_free)
            return self._install(plan, _record_of(plan).without("package"))

        self._run(work)

    def adopt(self, python: Path, folder: Path, version: str) -> None:
        """Verify an environment of the artist's and use it; nothing is installed into it.

        Args:
            python: its Python.
            folder: where the record and the log go.
            version: the extension's version.
        """
        self._run(lambda: self._adopt(python, folder, version))

    def cancel(self) -> None:
        """Stop installing; what is done is kept for the next time."""
        self._cancelled.set()

    def close(self, patience: float) -> None:
        """Cancel and wait for the end, `patience` seconds at most."""
        self.cancel()
        if self._thread is not None:
            self._thread.join(patience)

    def _run(self, work: Callable[[], Verified]) -> None:
        with self._lock:
            if self.is_busy():
                return
            self._cancelled.clear()
            former, self._status = self._status, InstallStatus("installing", step="Preparing")
            self._thread = threading.Thread(
                target=self._run_in_words,
                args=(work, former),
                name="album2avatar installer",
                daemon=True,
            )
            self._thread.start()

    def _run_in_words(self, work: Callable[[], Verified], former: InstallStatus) -> None:
        try:
            verified = work()
        except _NotBegunError as error:
            self._status = replace(former, message=str(error))
        except SetUpError as error:
            self._fail(error.problem)
            self._status = replace(self._status, findings=error.findings)
        except CancelledError:
            message = "Cancelled. What is done is kept; Install goes on with it."
            self._status = InstallStatus("not_installed", message=message)
        except CommandError as error:
            self._fail(self._explain(error))
        except OSError as error:
            place = Path(error.filename) if error.filename else Path.cwd()
            self._fail(messages.folder_unwritable(place, error))
        except Exception as error:
            self._fail(
                Problem("bug", f"The installer has a fault ({error!r}). Report it with its log.")
            )
            raise
        else:
            self._status = InstallStatus(
                "ready",
                fraction=1.0,
                python=verified.python,
                version=verified.version,
                findings=verified.findings,
            )

    def _fail(self, problem: Problem) -> None:
        self._status = replace(self._status, state="failed", problem=problem, message="")

    def _explain(self, error: CommandError) -> Problem:
        known = messages.recognize(error.output)
        if known is not None:
            return known
        last = next((line for line in reversed(error.output.splitlines()) if line.strip()), "")
        return Problem(
            "step_failed",
            f"{self._status.step} failed: {last.strip()[:300] or error} Open the log for the rest, "
            "then press Try Again.",
        )

    def _tell(self, state: InstallState, step: str, fraction: float, message: str = "") -> None:
        self._status = InstallStatus(state, step=step, fraction=fraction, message=message)

    def _wait_for(self, is_free: "Future[bool]") -> None:
        self._tell("installing", "Waiting until the backend has ended", 0.0)
        while not is_free.done():
            if self._cancelled.wait(_PAUSE):
                raise _NotBegunError("Cancelled before anything was changed.")
        if not is_free.result():
            raise _NotBegunError(_STILL_RUNS)

    def _install(self, plan: InstallPlan, record: Record) -> Verified:
        place = InstallFolder(plan.folder)
        place.path.mkdir(parents=True, exist_ok=True)
        lock = InstallLock(place.lock)
        if not lock.acquire():
            raise SetUpError(ANOTHER_INSTALLS)
        try:
            with place.log.open("w", encoding="utf-8") as log:
                commands = Commands(log, self._cancelled)
                return InstallSteps(plan, lock, commands, self._tell).do(record)
        finally:
            lock.release()

    def _adopt(self, python: Path, folder: Path, version: str) -> Verified:
        folder.mkdir(parents=True, exist_ok=True)
        if probe(python) is None:
            raise SetUpError(messages.python_missing(python))
        with InstallFolder(folder).log.open("w", encoding="utf-8") as log:
            commands = Commands(log, self._cancelled)
            verified = verify_environment(commands, python, version, self._tell)
        path = existing_record(folder)
        write_record(path, read_record(path).verified(python, verified.version))
        return verified


def existing_record(folder: Path) -> Path:
    """Record of an environment of the artist's."""
    return folder / "existing.json"


def _record_of(plan: InstallPlan) -> Record:
    return read_record(InstallFolder(plan.folder).record)
