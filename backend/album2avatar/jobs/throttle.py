"""Not more reports than a reader can use."""

from dataclasses import dataclass, field

from album2avatar.jobs.worker_protocol import ProgressMessage


@dataclass
class Throttle:
    """Lets a few reports a second pass, and every one that matters.

    A report that opens a stage, ends one or brings a picture always passes. Of the others the
    latest is held back until its time has come, so that none is shown too late for long.
    """

    interval: float
    """Seconds between two reports of a stage."""
    _stage: str = ""
    _passed_at: float = 0.0
    _held: ProgressMessage | None = field(default=None)

    def offer(self, report: ProgressMessage, at: float) -> list[ProgressMessage]:
        """Take a report in at a time in seconds; give those that may pass, in order."""
        is_change = report.stage != self._stage
        matters = is_change or report.preview is not None or report.step >= report.total
        if not matters and at < self._passed_at + self.interval:
            self._held = report
            return []
        held = [self._held] if self._held is not None and is_change else []
        self._held = None
        self._stage, self._passed_at = report.stage, at
        return [*held, report]

    def due(self, at: float) -> list[ProgressMessage]:
        """Give the report that was held back once its time has come."""
        if self._held is None or at < self._passed_at + self.interval:
            return []
        report, self._held, self._passed_at = self._held, None, at
        return [report]
