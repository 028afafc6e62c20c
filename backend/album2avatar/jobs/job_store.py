"""All jobs of a service: in memory for reading, on disk for good."""

import contextlib
import logging
import shutil
import threading
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from album2avatar.errors import WorkspaceError
from album2avatar.jobs.errors import NotFoundError, describe
from album2avatar.jobs.event_log import EventLog
from album2avatar.jobs.records import JobRecord, now
from album2avatar.json_models import write_model

logger = logging.getLogger(__name__)

_DELETED = ".deleted-"
_SPARE_BYTES = 64 * 2**20
"""A long job's events take a few megabytes; the ledger must never find the disk full."""


class JobStore:
    """Reads may come from any thread; changes only from who holds `lock`."""

    def __init__(self, folder: Path) -> None:
        """Read every job of the folder.

        A job whose file is damaged is left alone and said in the log.
        """
        self.lock = threading.RLock()
        self._folder = folder
        self._records: dict[str, JobRecord] = {}
        self._logs: dict[str, EventLog] = {}
        for path in sorted(folder.iterdir()):
            if path.name.startswith(_DELETED):
                shutil.rmtree(path, ignore_errors=True)
            elif (path / "job.json").is_file():
                self._load(path)

    def all(self) -> list[JobRecord]:
        """List the jobs, newest first."""
        records = list(self._records.values())
        return sorted(records, key=lambda record: (record.created_at, record.id), reverse=True)

    def queued(self) -> list[JobRecord]:
        """List the jobs that wait, in the order in which they will run."""
        waiting = [record for record in self.all() if record.state == "queued"]
        return sorted(waiting, key=lambda record: (record.queued_at, record.id))

    def find(self, job: str) -> JobRecord | None:
        """Give a job by its id."""
        return self._records.get(job)

    def get(self, job: str) -> JobRecord:
        """Give a job by its id.

        Raises:
            NotFoundError: there is none.
        """
        record = self._records.get(job)
        if record is None:
            raise NotFoundError("There is no such job. It may have been deleted; refresh the list.")
        return record

    def log(self, job: str) -> EventLog:
        """Give a job's events.

        Raises:
            NotFoundError: there is no such job.
        """
        self.get(job)
        return self._logs[job]

    def check_space(self) -> None:
        """See that the disk takes another run: job file, ledger and events.

        Raises:
            WorkspaceError: it is as good as full.
        """
        if shutil.disk_usage(self._folder).free < _SPARE_BYTES:
            raise WorkspaceError(
                f"The disk of the service's folder {self._folder.parent} is full, so no job can be "
                "taken in. Free some space, then try again."
            )

    def add(self, record: JobRecord) -> None:
        """Keep a new job for good.

        Raises:
            WorkspaceError: it can't be written.
        """
        self._write(record)
        self._logs[record.id] = EventLog(self._folder / record.id / "events.jsonl")
        self._records[record.id] = record
        self.log_state(record)

    def change(self, job: str, **changes: Any) -> JobRecord:
        """Change fields of a job for good; a change of its state becomes an event.

        Raises:
            WorkspaceError: it can't be written; the job is then as before.
        """
        before = self.get(job)
        record = before.model_copy(update=changes)
        self._write(record)
        self._remember(before, record)
        return record

    def change_for_now(self, job: str, **changes: Any) -> JobRecord:
        """Change fields of a job in memory only, where the disk takes nothing any more."""
        before = self.get(job)
        record = before.model_copy(update=changes)
        self._remember(before, record)
        return record

    def log_state(self, record: JobRecord) -> None:
        """Tell readers of the events in which state a job is."""
        data: dict[str, Any] = {
            "job": record.id,
            "at": now(),
            "state": record.state,
            "message": record.message,
            "error": record.error.model_dump() if record.error else None,
            "run": record.run,
        }
        try:
            self._logs[record.id].append("state", data)
        except OSError:
            logger.exception("an event of job %s can't be written", record.id)

    def remove(self, job: str) -> None:
        """Forget a job for good. A kill half-way leaves nothing that would come back."""
        folder = self._folder / job
        doomed = self._folder / f"{_DELETED}{job}"
        with contextlib.suppress(FileNotFoundError):
            folder.rename(doomed)
        del self._records[job]
        del self._logs[job]
        shutil.rmtree(doomed, ignore_errors=True)

    def _load(self, path: Path) -> None:
        try:
            record = JobRecord.model_validate_json((path / "job.json").read_bytes())
        except (OSError, ValidationError) as error:
            logger.error("%s can't be read and is left out: %s", path, describe(error))
            return
        self._records[record.id] = record
        self._logs[record.id] = EventLog(path / "events.jsonl")

    def _write(self, record: JobRecord) -> None:
        path = self._folder / record.id / "job.json"
        try:
            write_model(path, record)
        except WorkspaceError:
            logger.exception("job %s can't be written", record.id)
            raise

    def _remember(self, before: JobRecord, record: JobRecord) -> None:
        self._records[record.id] = record
        if (before.state, before.run, before.message) != (record.state, record.run, record.message):
            self.log_state(record)
