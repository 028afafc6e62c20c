"""Carries out the runs that the ledger hands over, and keeps their jobs' state up to date."""

import logging
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from album2avatar.errors import Album2AvatarError, WorkspaceError
from album2avatar.jobs.errors import code_of
from album2avatar.jobs.estimate import JobEstimate, StageReport
from album2avatar.jobs.job_run import JobRun, Outcome
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.ledger import RunSuspendedError
from album2avatar.jobs.queue_state import QueueControl
from album2avatar.jobs.records import JobError, JobRecord, now
from album2avatar.jobs.worker_protocol import (
    AvatarWork,
    ClipWork,
    ProgressMessage,
    PromptWork,
    SwapWork,
    WorkerRequest,
)
from album2avatar.manifest import open_workspace
from album2avatar.presets import PresetNeeds, preset_descriptions
from album2avatar.settings import Settings
from album2avatar.stage_table import STAGE_SHARES

logger = logging.getLogger(__name__)

GIBIBYTE = 2**30
_SPARE_GIBIBYTES = 0.5
"""Left free next to what an avatar needs: the system wants some, and so does the export."""

_PAUSE_LOOK_SECONDS = 0.1

SUSPENDED = "Stopped with the service; it goes on from its last checkpoint at the next start."


class Execution:
    """Runs one job at a time, as the ledger hands them over."""

    def __init__(self, store: JobStore, queue: QueueControl, wardrobe: Path) -> None:
        """Prepare.

        Args:
            store: the jobs.
            queue: whether they may run.
            wardrobe: folder of the wardrobe that jobs take from and add to.
        """
        self._store = store
        self._queue = queue
        self._wardrobe = wardrobe
        self._ending = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._active: dict[str, JobRun] = {}

    @property
    def running(self) -> str | None:
        """Id of the job that runs."""
        return next(iter(self._active), None)

    def execute(self, job: str, run: int) -> None:
        """Carry out one run of a job; called by the ledger.

        Waits while the queue is paused, so that no other run comes before. Does nothing where the
        job is gone, was cancelled, or has a newer run.

        Raises:
            RunSuspendedError: the service ends; the run is to go on at its next start.
        """
        while True:
            if self._ending.is_set():
                raise RunSuspendedError
            with self._store.lock:
                record = self._wanted(job, run)
                if record is None:
                    return
                if not self._queue.state.is_paused:
                    active = self._start(record)
                    break
            self._ending.wait(_PAUSE_LOOK_SECONDS)
        if active is None:
            return
        try:
            outcome = active.follow()
        except Exception as error:
            logger.exception("the run of job %s went wrong", job)
            outcome = Outcome("failed", _internal(error, record))
        with self._store.lock:
            del self._active[job]
            try:
                self._end(job, outcome)
            finally:
                self._idle.set()

    def stop(self, job: str, *, force: bool) -> None:
        """Stop a job's run, where it has one: after its step, or now. Returns at once."""
        active = self._active.get(job)
        if active is None:
            return
        if force:
            active.force()
        else:
            active.stop()

    def suspend(self, timeout: float) -> None:
        """Stop the running job so that it goes on later, and start no other one."""
        self._ending.set()
        with self._store.lock:
            for active in self._active.values():
                active.stop()
        self._idle.wait(timeout)

    def _wanted(self, job: str, run: int) -> JobRecord | None:
        """Give the job of a run that is still to be carried out."""
        record = self._store.find(job)
        if record is None or record.run != run or record.state != "queued":
            return None
        return record

    def _start(self, record: JobRecord) -> JobRun | None:
        """Begin a run; None where it failed at once."""
        try:
            active = self._begin(record)
        except Album2AvatarError as error:
            self._end(record.id, Outcome("failed", _as_job_error(error)))
            return None
        except Exception as error:
            logger.exception("job %s can't begin", record.id)
            self._end(record.id, Outcome("failed", _internal(error, record)))
            return None
        self._active[record.id] = active
        self._idle.clear()
        return active

    def _begin(self, record: JobRecord) -> JobRun:
        """Prepare the run of a job and mark it as running.

        Raises:
            Album2AvatarError: it can't begin.
        """
        settings = record.settings()
        open_workspace(record.workspace_root)
        needs = _needs(record)
        check_disk(record.workspace_root, needs)
        request = self._work_of(record, settings)
        reporter = _Reporter(self._store, record, needs)
        started = record.started_at or now()
        self._store.change(record.id, state="running", message="", started_at=started)
        return JobRun(
            request,
            record.workspace.log,
            record.stages,
            on_start=lambda deaths: self._note_start(record.id, deaths),
            on_progress=reporter.report,
        )

    def _work_of(self, record: JobRecord, settings: Settings) -> WorkerRequest:
        """What a worker has to do for a job."""
        if record.base_root is not None and record.garment is not None:
            return SwapWork(
                base=record.base_root,
                garment=record.garment,
                workspace_root=record.workspace_root,
                settings=settings,
                wardrobe=self._wardrobe,
            )
        if record.base_root is not None and record.video is not None:
            return ClipWork(
                base=record.base_root,
                video=record.video,
                workspace_root=record.workspace_root,
                settings=settings,
            )
        if record.folder is None:
            return PromptWork(
                prompt=record.prompt, workspace_root=record.workspace_root, settings=settings
            )
        return AvatarWork(
            title=record.title,
            folder=record.folder,
            photos=record.photos,
            workspace_root=record.workspace_root,
            settings=settings,
            last_stage=record.last_stage,
            wardrobe=self._wardrobe,
        )

    def _note_start(self, job: str, deaths: int) -> None:
        with self._store.lock:
            record = self._store.get(job)
            message = record.message
            if deaths:
                message = (
                    "The job's process ended without a word. It was started again from the last "
                    "checkpoint."
                )
            self._store.change(job, attempts=record.attempts + 1, message=message)

    def _end(self, job: str, outcome: Outcome) -> None:
        """Write down how a run ended.

        Raises:
            RunSuspendedError: it is to go on at the next start of the service.
        """
        is_suspended = (
            outcome.kind == "stopped"
            and self._ending.is_set()
            and self._store.get(job).state != "cancelling"
        )
        changes: dict[str, Any] = {"state": "queued", "message": SUSPENDED}
        if not is_suspended:
            changes = _ended(outcome)
        try:
            self._store.change(job, **changes)
        except WorkspaceError:
            # On a full disk the job is at least shown as ended; the next start runs it again.
            self._store.change_for_now(job, **changes)
        if is_suspended:
            raise RunSuspendedError
        if outcome.kind == "failed":
            self._queue.note_failure()
        elif outcome.kind == "done":
            self._queue.note_success()


def check_disk(folder: Path, needs: PresetNeeds | None) -> None:
    """See that an avatar fits on the disk.

    Raises:
        WorkspaceError: there is less free space than it needs.
    """
    needed = (needs.disk_gib if needs else 0.0) + _SPARE_GIBIBYTES
    free = shutil.disk_usage(folder).free / GIBIBYTE
    if free < needed:
        raise WorkspaceError(
            f"The disk of {folder} has {free:.1f} GiB free, and the job needs {needed:.1f} GiB. "
            "Free some space, then press Resume."
        )


class _Reporter:
    """Turns a worker's reports into events of the job."""

    def __init__(self, store: JobStore, record: JobRecord, needs: PresetNeeds | None) -> None:
        shares = record.stage_shares
        whole = sum(shares.values()) / sum(STAGE_SHARES.values())
        usual = needs.minutes * 60 * whole if needs else None
        self._job = record.id
        self._run = record.run
        self._stages = record.stages
        self._titles = record.stage_titles
        self._log = store.log(record.id)
        self._estimate = JobEstimate(shares, usual)
        latest = self._log.latest("progress")
        self._preview: str | None = latest.data.get("preview") if latest else None

    def report(self, message: ProgressMessage) -> None:
        if message.stage not in self._stages:
            return
        if message.preview is not None:
            stage, _, step = message.preview.rpartition("-")
            self._preview = f"{self._job}.preview.{stage}.{step}"
        estimate = self._estimate.update(
            StageReport(
                stage=message.stage,
                step=message.step,
                total=message.total,
                seconds=message.seconds,
                steps_done_here=message.steps_done_here,
                seconds_left=message.seconds_left,
            )
        )
        left = estimate.seconds_left
        data: Mapping[str, Any] = {
            "job": self._job,
            "at": now(),
            "stage": message.stage,
            "stage_title": self._titles[message.stage],
            "stage_index": self._stages.index(message.stage) + 1,
            "stage_count": len(self._stages),
            "step": message.step,
            "total": message.total,
            "progress": round(estimate.progress, 5),
            "seconds_left": None if left is None else round(left, 1),
            "message": message.message,
            "metrics": message.metrics,
            "preview": self._preview,
            "run": self._run,
        }
        try:
            self._log.append("progress", data)
        except OSError:
            logger.exception("an event of job %s can't be written", self._job)


def _ended(outcome: Outcome) -> dict[str, Any]:
    changes: dict[str, Any] = {"message": "", "finished_at": now(), "error": None}
    if outcome.kind == "failed":
        message = outcome.error.message if outcome.error else ""
        return {**changes, "state": "failed", "error": outcome.error, "message": message}
    if outcome.kind == "stopped":
        return {**changes, "state": "cancelled", "message": CANCELLED}
    return {**changes, "state": "done"}


CANCELLED = "Cancelled. Resume goes on from the last checkpoint."


def _needs(record: JobRecord) -> PresetNeeds | None:
    """What a job takes; unknown of a clip, where the video's length decides, not the preset."""
    if record.goal == "clip":
        return None
    return next((each.needs for each in preset_descriptions() if each.name == record.preset), None)


def _as_job_error(error: Album2AvatarError) -> JobError:
    return JobError(code=code_of(error), message=str(error))


def _internal(error: Exception, record: JobRecord) -> JobError:
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        return JobError(
            code="workspace",
            message=f"The job's process can't be started ({reason}). Look whether "
            f"{record.workspace_root} can be written and memory is free, then press Resume.",
        )
    return JobError(
        code="internal",
        message=f"Something unexpected went wrong ({type(error).__name__}). Press Resume to try "
        "again; if it comes back, report it with the service's log.",
    )
