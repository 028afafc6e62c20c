"""One run of a job: its worker processes from the first start to the last word."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from album2avatar.jobs.records import JobError
from album2avatar.jobs.throttle import Throttle
from album2avatar.jobs.worker_process import WorkerProcess
from album2avatar.jobs.worker_protocol import EndMessage, ProgressMessage, WorkerRequest

logger = logging.getLogger(__name__)

COOPERATIVE_SECONDS = 4.0
"""Time for a worker to stop after its step; then it is killed. Cancelling takes at most 5 s."""

SILENT_DEATHS = 3
"""So many processes in a row may die without a word and without getting further."""

REPORT_SECONDS = 0.2
"""Least time between two reports of a stage."""

_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    kind: Literal["done", "stopped", "failed"]
    error: JobError | None = None


class JobRun:
    """Runs a worker, and starts it again where it dies without a word."""

    def __init__(
        self,
        request: WorkerRequest,
        log: Path,
        stages: tuple[str, ...],
        on_start: Callable[[int], None],
        on_progress: Callable[[ProgressMessage], None],
    ) -> None:
        """Prepare a run.

        Args:
            request: what the worker has to do.
            log: file that the worker's output is added to.
            stages: names of the stages, in order.
            on_start: called with the count of silent deaths before each start of a process.
            on_progress: called with each report that is worth showing.
        """
        self._request = request
        self._log = log
        self._stages = stages
        self._on_start = on_start
        self._on_progress = on_progress
        self._stop = threading.Event()
        self._force = threading.Event()
        self._furthest = (-1, 0.0)
        self._throttle = Throttle(REPORT_SECONDS)

    def stop(self) -> None:
        """Ask the run to stop after the worker's step. Returns at once."""
        self._stop.set()

    def force(self) -> None:
        """End the run now. Returns at once."""
        self._force.set()
        self._stop.set()

    def follow(self) -> Outcome:
        """Run to the end.

        Raises:
            OSError: the system starts no process.
        """
        deaths = 0
        while not self._stop.is_set():
            before = self._furthest
            self._on_start(deaths)
            worker = WorkerProcess(self._request, self._log)
            try:
                end = self._listen(worker)
            except BaseException:
                worker.kill()
                raise
            finally:
                code = worker.close()
            if end is not None and end.outcome == "done":
                return Outcome("done")
            if self._stop.is_set() or (end is not None and end.outcome == "cancelled"):
                return Outcome("stopped")
            if end is not None:
                return Outcome("failed", JobError(code=end.code, message=end.message))
            deaths = 1 if self._furthest > before else deaths + 1
            logger.warning("a worker ended without a word (exit code %d)", code)
            if deaths >= SILENT_DEATHS:
                return Outcome("failed", _died(self._log))
        return Outcome("stopped")

    def _listen(self, worker: WorkerProcess) -> EndMessage | None:
        """Pass on what a worker says until it ends; give its last word, if it had one."""
        end: EndMessage | None = None
        deadline: float | None = None
        is_killed = False
        while True:
            now = time.monotonic()
            if self._stop.is_set() and deadline is None:
                worker.cancel()
                deadline = now + COOPERATIVE_SECONDS
            is_late = deadline is not None and now >= deadline
            if (self._force.is_set() or is_late) and not is_killed:
                worker.kill()
                is_killed = True
            for report in self._throttle.due(now):
                self._on_progress(report)
            try:
                message = worker.next_message(_POLL_SECONDS)
            except queue.Empty:
                continue
            if message is None:
                return end
            if isinstance(message, EndMessage):
                end = message
                continue
            self._note(message)
            for report in self._throttle.offer(message, time.monotonic()):
                self._on_progress(report)

    def _note(self, message: ProgressMessage) -> None:
        place = self._stages.index(message.stage) if message.stage in self._stages else -1
        share = message.step / message.total if message.total > 0 else 0.0
        self._furthest = max(self._furthest, (place, share))


def _died(log: Path) -> JobError:
    return JobError(
        code="worker_died",
        message=f"The job's process ended without a word {SILENT_DEATHS} times, most likely out of "
        "memory. Close other programs, choose a smaller preset, then press Resume. "
        f"The log is {log}.",
    )
