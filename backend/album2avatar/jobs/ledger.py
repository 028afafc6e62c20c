"""The durable queue: which run of which job is to be executed, by DBOS.

Each run of a job is one workflow with the id `<job>-<run>`. DBOS keeps it in a database until it
has ended, and starts it again after a crash; `job.json` says what the run has to do and how it
stands.
"""

import json
import logging
from collections.abc import Callable, Sequence
from typing import Any, cast

import sqlalchemy
import sqlalchemy.event
from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos import Serializer as DBOSSerializer

logger = logging.getLogger(__name__)

_APPLICATION = "album2avatar"
_VERSION = "1"
"""Fixed, so that runs survive an update of the program: DBOS recovers only those of its own
version, and would else take a hash of the source code for it."""
_POLL_SECONDS = 0.25


class RunSuspendedError(BaseException):
    """The service ends; the run goes on at its next start.

    No `Exception`, so that DBOS doesn't take it for the run's result and keeps the run as pending.
    """


class JsonSerializer(DBOSSerializer):
    """Keeps what DBOS stores readable, and nothing executable in it (its default is pickle)."""

    def serialize(self, data: Any) -> str:
        """Turn a value to JSON; an exception becomes its text."""
        if isinstance(data, BaseException):
            data = {"error": f"{type(data).__name__}: {data}"}
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        """Turn JSON back; an exception's text becomes a plain exception."""
        value = json.loads(serialized_data)
        if isinstance(value, dict) and list(cast(dict[str, Any], value)) == ["error"]:
            return RuntimeError(cast(dict[str, Any], value)["error"])
        return value

    def name(self) -> str:
        """Name by which DBOS marks what this wrote."""
        return "json"


class Ledger:
    """One service's queue in the database. One object a process, as DBOS allows no more."""

    def __init__(self, database_url: str, identity: str) -> None:
        """Prepare the ledger; `open` starts it.

        Args:
            database_url: SQLAlchemy URL; SQLite or Postgres.
            identity: name of this service among others in the same database.
        """
        self._queue_name = f"jobs-{identity}"
        config: DBOSConfig = {
            "name": _APPLICATION,
            "application_version": _VERSION,
            "executor_id": identity,
            "system_database_url": database_url,
            "serializer": JsonSerializer(),
            "enable_otlp": False,
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 1.0,
        }
        if database_url.startswith("sqlite"):
            config["system_database_engine"] = _durable_sqlite(database_url)
        # DBOS adds a handler that prints, where its logger has none; ours go to the service's log.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(config=config)
        self._workflow: Callable[[str, int], None] | None = None

    def open(self, execute: Callable[[str, int], None]) -> None:
        """Start taking runs from the queue; those that a crash interrupted come first.

        Args:
            execute: called with a job's id and the number of its run, one at a time, in a thread
                of DBOS; may raise RunSuspendedError.
        """

        def run_job(job: str, run: int) -> None:
            execute(job, run)

        self._workflow = DBOS.workflow(name="run_job", max_recovery_attempts=None)(run_job)
        DBOS.launch()
        DBOS.register_queue(
            self._queue_name,
            worker_concurrency=1,
            polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )

    def close(self) -> None:
        """Stop taking runs. What is pending stays so in the database."""
        DBOS.destroy(workflow_completion_timeout_sec=0)

    def enqueue(self, job: str, run: int) -> None:
        """Put a run at the end of the queue, durably; does nothing where it is known already."""
        assert self._workflow is not None, "the ledger is not open"
        with SetWorkflowID(_run_id(job, run)):
            DBOS.enqueue_workflow(self._queue_name, self._workflow, job, run)

    def is_open_run(self, job: str, run: int) -> bool | None:
        """Tell whether a run waits or is under way; None where the ledger doesn't know it."""
        status = DBOS.get_workflow_status(_run_id(job, run))
        return None if status is None else status.status in ("ENQUEUED", "PENDING")

    def withdraw(self, job: str, run: int) -> None:
        """Take a run that waits off the queue; one under way is not touched by it."""
        DBOS.cancel_workflow(_run_id(job, run))

    def forget(self, job: str, runs: Sequence[int]) -> None:
        """Delete everything about a job's runs."""
        DBOS.delete_workflows([_run_id(job, run) for run in runs])


def _run_id(job: str, run: int) -> str:
    return f"{job}-{run}"


def _durable_sqlite(url: str) -> sqlalchemy.Engine:
    """Make an engine that loses no commit when the power fails."""
    engine = sqlalchemy.create_engine(url)

    def prepare(connection: Any, record: object) -> None:
        connection.isolation_level = "IMMEDIATE"  # as DBOS does: one writer at a time
        for pragma in ("synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    sqlalchemy.event.listen(engine, "connect", prepare)
    return engine
