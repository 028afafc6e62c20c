"""How far a job is, and how long it will still take."""

from collections.abc import Mapping
from dataclasses import dataclass

_WEIGHT_OF_USUAL = 0.05
"""Share of a job after which what was seen counts as much as what is usual."""


@dataclass(frozen=True)
class StageReport:
    """What a stage said of itself."""

    stage: str
    step: int
    total: int
    seconds: float
    """Since it began in this process."""
    steps_done_here: int
    """Steps that were taken in that time."""
    seconds_left: float | None
    """Its own estimate."""


@dataclass(frozen=True)
class Estimate:
    """Where a job is."""

    progress: float
    """0..1 of the usual time of all its stages."""
    seconds_left: float | None


class JobEstimate:
    """Follows one job's reports.

    Later stages are expected to take their usual share of time at the speed that was seen so far
    on this machine.
    """

    def __init__(self, shares: Mapping[str, float], usual_seconds: float | None) -> None:
        """Begin to follow a job.

        Args:
            shares: usual share of time of each stage of the job, in order; any scale.
            usual_seconds: time that all of these stages take elsewhere, where it is known.
        """
        whole = sum(shares.values())
        self._shares = {stage: share / whole for stage, share in shares.items()}
        self._usual_seconds = usual_seconds
        self._seen: dict[str, tuple[float, float]] = {}

    def update(self, report: StageReport) -> Estimate:
        """Take a report in and say where the job is.

        Raises:
            KeyError: the stage isn't one of the job's.
        """
        share = self._shares[report.stage]
        done = min(max(report.step / report.total, 0.0), 1.0) if report.total > 0 else 0.0
        if report.steps_done_here > 0 and report.total > 0:
            worked = share * min(report.steps_done_here / report.total, 1.0)
            seconds, before = self._seen.get(report.stage, (0.0, 0.0))
            if worked >= before:
                self._seen[report.stage] = (max(report.seconds, seconds), worked)
        names = list(self._shares)
        place = names.index(report.stage)
        finished = sum(self._shares[name] for name in names[:place])
        later = sum(self._shares[name] for name in names[place + 1 :])
        progress = min(finished + share * done, 1.0)
        speed = self._seconds_per_share()
        if done >= 1.0:
            here: float | None = 0.0
        elif report.seconds_left is not None:
            here = report.seconds_left
        else:
            here = None if speed is None else share * (1 - done) * speed
        if here is None:
            return Estimate(progress, None)
        if speed is None:
            return Estimate(progress, None if later > 0 else here)
        return Estimate(progress, here + later * speed)

    def _seconds_per_share(self) -> float | None:
        seconds = sum(seconds for seconds, _ in self._seen.values())
        worked = sum(worked for _, worked in self._seen.values())
        if self._usual_seconds is not None:
            seconds += self._usual_seconds * _WEIGHT_OF_USUAL
            worked += _WEIGHT_OF_USUAL
        return seconds / worked if worked > 0 else None
