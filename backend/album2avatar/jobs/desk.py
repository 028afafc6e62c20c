"""Where artists hand in jobs, cancel them, let them go on and delete them."""

import hashlib
import importlib.util
import json
from collections.abc import Callable, Sequence
from typing import Any

from album2avatar.errors import SettingsError, WorkspaceError
from album2avatar.files import in_home
from album2avatar.jobs.album_shelf import AlbumShelf
from album2avatar.jobs.avatar_deletion import delete_avatar
from album2avatar.jobs.errors import ConflictError
from album2avatar.jobs.execution import CANCELLED, Execution
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.ledger import Ledger
from album2avatar.jobs.new_records import (
    record_of_album,
    record_of_clip,
    record_of_swap,
    record_of_words,
)
from album2avatar.jobs.records import AlbumGoal, Goal, JobRecord, now
from album2avatar.jobs.requests import (
    ClipRequest,
    JobRequest,
    PromptRequest,
    ResumeRequest,
    SwapRequest,
)
from album2avatar.jobs.wardrobe_shelf import WardrobeShelf
from album2avatar.manifest import open_workspace
from album2avatar.model_folders import find_model
from album2avatar.segmentation.grounded_sam.models import grounded_sam_models
from album2avatar.wardrobe.entry import WardrobeEntry

_NewJob = JobRequest | PromptRequest | SwapRequest | ClipRequest

_AGAIN = "Queued again after the service was interrupted; it goes on from its last checkpoint."


class JobDesk:
    """Every change that an artist makes to jobs. Each is durable before it is answered."""

    def __init__(
        self,
        store: JobStore,
        ledger: Ledger,
        execution: Execution,
        albums: AlbumShelf,
        wardrobe: WardrobeShelf,
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._execution = execution
        self._albums = albums
        self._wardrobe = wardrobe

    def recover(self) -> None:
        """Make jobs and ledger agree after a crash; called once, when the ledger is open."""
        with self._store.lock:
            for record in reversed(self._store.all()):
                if record.state == "cancelling":
                    self._store.change(
                        record.id, state="cancelled", message=CANCELLED, finished_at=now()
                    )
                elif record.state == "running":
                    self._store.change(record.id, state="queued", message=_AGAIN)
                self._log_missing_state(record.id)
            for record in self._store.queued():
                is_open = self._ledger.is_open_run(record.id, record.run)
                if is_open is False:
                    record = self._store.change(record.id, run=record.run + 1)
                if not is_open:
                    self._ledger.enqueue(record.id, record.run)

    def create(self, request: JobRequest, idempotency_key: str = "") -> JobRecord:
        """Take a job in; the same key gives the same job again.

        Raises:
            Album2AvatarError: the job can't be made, with the reason.
        """
        return self._once(
            request,
            idempotency_key,
            lambda: record_of_album(request, self._albums.get(request.album)),
        )

    def create_from_prompt(self, request: PromptRequest, idempotency_key: str = "") -> JobRecord:
        """Take in a job that needs no album; the same key gives it again.

        Raises:
            Album2AvatarError: the job can't be made, with the reason.
        """
        return self._once(request, idempotency_key, lambda: record_of_words(request))

    def create_swap(self, request: SwapRequest, idempotency_key: str = "") -> JobRecord:
        """Take in a job that makes a variant of a finished avatar; the same key gives it again.

        Raises:
            Album2AvatarError: the job can't be made, with the reason.
        """
        return self._once(
            request,
            idempotency_key,
            lambda: record_of_swap(
                request, self._store.get(request.job), self._wardrobe_entry(request.entry)
            ),
        )

    def create_clip(self, request: ClipRequest, idempotency_key: str = "") -> JobRecord:
        """Take in a job that animates a finished avatar; the same key gives it again.

        Raises:
            Album2AvatarError: the job can't be made, with the reason.
        """
        return self._once(
            request,
            idempotency_key,
            lambda: record_of_clip(request, self._store.get(request.job)),
        )

    def cancel(self, job: str, *, force: bool) -> JobRecord:
        """Stop a job: now where it waits, after its step where it runs.

        Raises:
            NotFoundError: there is no such job.
        """
        with self._store.lock:
            record = self._store.get(job)
            if record.state == "queued":
                record = self._store.change(
                    job, state="cancelled", message=CANCELLED, finished_at=now()
                )
                self._ledger.withdraw(job, record.run)
            elif record.state in ("running", "cancelling"):
                if record.state == "running":
                    record = self._store.change(
                        job, state="cancelling", message="Stopping after this step."
                    )
                self._execution.stop(job, force=force)
            return record

    def resume(self, job: str, request: ResumeRequest) -> JobRecord:
        """Let a job go on that was cancelled, failed, or is done and has more to do.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it waits or runs, or is of another kind.
            SettingsError: what should change is wrong.
        """
        with self._store.lock:
            record = self._store.get(job)
            if not record.is_finished:
                raise ConflictError(
                    "The job waits or runs already. Cancel it first to change what it does."
                )
            self._store.check_space()
            goal = _next_goal(record, request.goal)
            changes: dict[str, Any] = {
                "goal": goal,
                "state": "queued",
                "message": "",
                "error": None,
                "run": record.run + 1,
                "queued_at": now(),
                "started_at": None,
                "finished_at": None,
            }
            if request.preset is not None:
                changes["preset"] = request.preset
            if request.prompt_addition is not None:
                changes["prompt_addition"] = request.prompt_addition
            if request.settings:
                changes["differences"] = (*record.differences, request.settings)
            check_request(record.model_copy(update=changes))
            open_workspace(record.workspace_root)
            record = self._store.change(job, **changes)
            self._ledger.enqueue(job, record.run)
            return record

    def reorder(self, order: Sequence[str]) -> None:
        """Put the jobs that wait into another order.

        Raises:
            ConflictError: these are not the jobs that wait.
        """
        with self._store.lock:
            if sorted(order) != sorted(record.id for record in self._store.queued()):
                raise ConflictError(
                    "The queue has changed, or the order names other jobs than those that wait. "
                    "Read it again."
                )
            for job in order:
                record = self._store.get(job)
                self._store.change(job, run=record.run + 1, queued_at=now())
                self._ledger.withdraw(job, record.run)
                self._ledger.enqueue(job, record.run + 1)

    def delete(self, job: str, *, files: bool) -> None:
        """Forget a job, and its avatar's folder where `files` is wanted.

        Raises:
            NotFoundError: there is no such job.
            ConflictError: it waits or runs.
        """
        with self._store.lock:
            record = self._store.get(job)
            if not record.is_finished:
                raise ConflictError("The job waits or runs. Cancel it before you delete it.")
            if files:
                self._check_base(record)
                delete_avatar(record.workspace)
            self._ledger.forget(job, range(1, record.run + 1))
            self._store.remove(job)

    def _log_missing_state(self, job: str) -> None:
        """Add the event that a kill between job file and event swallowed."""
        record = self._store.get(job)
        latest = self._store.log(job).latest("state")
        known = latest and (latest.data.get("state"), latest.data.get("run"))
        if known != (record.state, record.run):
            self._store.log_state(record)

    def _find_repeated(self, key: str, digest: str) -> JobRecord | None:
        for record in self._store.all() if key else []:
            if record.idempotency_key != key:
                continue
            if record.request_digest != digest:
                raise ConflictError(
                    "Another job was made with this Idempotency-Key. Use a new key for a new job."
                )
            return record
        return None

    def _once(
        self,
        request: _NewJob,
        key: str,
        make: Callable[[], JobRecord],
    ) -> JobRecord:
        """Keep a new job and put it into the queue, unless its key has been used for it.

        Raises:
            Album2AvatarError: the job can't be made, with the reason.
        """
        digest = _digest(request)
        with self._store.lock:
            earlier = self._find_repeated(key, digest)
            if earlier is not None:
                return earlier
            self._store.check_space()
            record = make().model_copy(update={"idempotency_key": key, "request_digest": digest})
            check_request(record)
            self._check_workspace(record)
            open_workspace(record.workspace_root)
            self._store.add(record)
            self._ledger.enqueue(record.id, record.run)
            return record

    def _wardrobe_entry(self, entry: str | None) -> WardrobeEntry | None:
        return None if entry is None else self._wardrobe.get(entry)

    def _check_base(self, record: JobRecord) -> None:
        """See that no other job is about to read an avatar's files.

        Raises:
            ConflictError: a garment is being tried on it, or it is being animated.
        """
        for other in self._store.all():
            if other.base_root == record.workspace_root and not other.is_finished:
                raise ConflictError(
                    f"'{other.title}' is being made from this avatar's files. Cancel that job, or "
                    "wait until it is done."
                )

    def _check_workspace(self, record: JobRecord) -> None:
        """See that the avatar's folder is its own.

        Raises:
            ConflictError: another job works there.
            WorkspaceError: it lies in the album, which is never changed.
        """
        root = record.workspace_root
        if record.folder is not None and record.folder in (root, *root.parents):
            raise WorkspaceError(
                f"{root} lies in the album's folder, which is never changed. Choose another folder "
                "for the avatar."
            )
        if record.base_root is not None and record.base_root in root.parents:
            raise WorkspaceError(
                f"{root} lies in the folder of the avatar that it is made from. Choose another "
                "folder."
            )
        for other in self._store.all():
            if other.workspace_root == root:
                raise ConflictError(
                    f"The job '{other.title}' works in {root} already. Resume that job, delete it, "
                    "or choose another folder."
                )


def check_request(record: JobRecord) -> None:
    """See that a job's settings are right and what they name is there.

    Raises:
        SettingsError: a setting is wrong.
        ModelError: a model is missing.
    """
    settings = record.settings()
    if record.goal != "clip":  # draws nothing
        find_model(settings.prior)
    if record.goal in ("words", "swap"):  # read no photo and fit no body
        return
    find_model(settings.segmentation.perception)
    grounded_sam_models(settings.segmentation)
    if record.goal == "clip":  # takes the body that was fitted
        return
    if settings.fitting.body != "smplx":
        return
    if importlib.util.find_spec("smplx") is None:
        raise SettingsError(
            "SMPL-X bodies need the package smplx. Install it with pip install "
            "'album2avatar[smplx]', or choose the body Anny."
        )
    if not in_home(settings.fitting.smplx_file).is_file():
        raise SettingsError(
            "SMPL-X needs your own model file (SMPLX_NEUTRAL.npz), and there is none at "
            f"'{settings.fitting.smplx_file}'. Choose the file, or choose the body Anny."
        )


def _next_goal(record: JobRecord, asked: AlbumGoal | None) -> Goal:
    """What a job that rests goes on to make.

    Raises:
        ConflictError: a variant, a clip, or an avatar without an album can't become anything else.
    """
    if record.goal in ("assets", "avatar"):
        return asked or ("avatar" if record.state == "done" else record.goal)
    if asked is not None:
        raise ConflictError(
            "This job has no album of its own, and can do nothing else. Begin a new job for that."
        )
    return record.goal


def _digest(request: _NewJob) -> str:
    text = json.dumps(request.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
