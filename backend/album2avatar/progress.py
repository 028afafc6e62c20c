"""What a running stage says, and how it learns that it should stop."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from album2avatar.errors import CancelledError


@dataclass(frozen=True)
class ProgressEvent:
    """One report of a stage."""

    stage: str
    step: int
    total: int
    message: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict[str, float])
    preview: Path | None = None
    seconds: float = 0.0
    """Seconds since the stage began in this process."""
    steps_done_here: int = 0
    """Steps taken in this process; fewer than `step` after a resume."""

    @property
    def seconds_left(self) -> float | None:
        """Estimate of the stage's remaining time; None before the first step."""
        if self.steps_done_here < 1:
            return None
        return self.seconds / self.steps_done_here * (self.total - self.step)


class JobControl:
    """A stage's line to whoever runs it: progress out, cancellation in."""

    def __init__(
        self,
        stage: str,
        listener: Callable[[ProgressEvent], None],
        cancelled: threading.Event,
    ) -> None:
        self.stage = stage
        self._listener = listener
        self._cancelled = cancelled
        self._began = time.monotonic()
        self._first_step: int | None = None

    def steps(self, total: int, start: int = 0) -> Iterator[int]:
        """Yield the steps from `start` to `total`, stopping between two when cancelled.

        Raises:
            CancelledError: the job was cancelled.
        """
        self._first_step = start
        self._began = time.monotonic()
        for step in range(start, total):
            self.raise_if_cancelled()
            yield step

    def report(
        self,
        step: int,
        total: int,
        message: str = "",
        metrics: Mapping[str, float] | None = None,
        preview: Path | None = None,
    ) -> None:
        """Say that `step` of `total` steps are done."""
        first = self._first_step if self._first_step is not None else 0
        self._listener(
            ProgressEvent(
                stage=self.stage,
                step=step,
                total=total,
                message=message,
                metrics=dict(metrics or {}),
                preview=preview,
                seconds=time.monotonic() - self._began,
                steps_done_here=step - first,
            )
        )

    def raise_if_cancelled(self) -> None:
        """Raise CancelledError when the artist asked to stop."""
        if self._cancelled.is_set():
            raise CancelledError(
                "Cancelled. Run the same command again to go on from the last checkpoint."
            )


def silent_job(stage: str) -> JobControl:
    """Job control without a listener that is never cancelled, for scripts and tests."""
    return JobControl(stage, lambda event: None, threading.Event())
