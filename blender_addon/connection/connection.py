"""The one object through which Blender talks with the backend.

Blender's main thread reads a `Snapshot` and calls `drain` from a timer. All else happens in
threads: one starts and stops the backend, one looks after its state, one sends requests in
order, one downloads, one asks the doctor, one follows the events of a job.
"""

import logging
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from . import messages
from .artifacts import ARTIFACT_ID, ArtifactCache
from .client import RequestError
from .events import Event, Follower
from .lane import Lane
from .parsing import (
    AnswerError,
    Fields,
    parse_album,
    parse_asset,
    parse_body,
    parse_finding,
    parse_job,
    parse_preset,
    parse_queue,
    parse_wardrobe_item,
)
from .process import (
    Service,
    StartError,
    StopWhen,
    ask_to_stop,
    find_or_start,
    find_running,
    stop_service,
)
from .progress import after_event, after_poll
from .types import Album, Job, Launch, ParentEnds, Problem, Snapshot

CACHE_BYTES = 512 * 2**20
QUICK, SLOW = 1.0, 10.0
"""Seconds between two looks at the backend: while somebody watches or a job runs, and else."""

_WATCHED_FOR = 3.0
_RETRY_ARTIFACT_AFTER = 5.0
_STOP_PATIENCE = 15.0
_REFUSED_FOR = 20.0
"""Seconds. A backend that ends closes its door long before its process is gone."""

_log = logging.getLogger(__name__)

Then = Callable[[Any], None]
Fail = Callable[[Problem], None]


class Connection:
    """A backend, seen from Blender; every method returns at once and may be called anywhere."""

    def __init__(self, cache_folder: Path, cache_bytes: int = CACHE_BYTES) -> None:
        """Prepare; nothing runs before `start`. Artifacts are kept below `cache_folder`."""
        self._cache = ArtifactCache(cache_folder, cache_bytes)
        self._control = Lane("album2avatar control")
        self._requests = Lane("album2avatar requests")
        self._downloads = Lane("album2avatar downloads")
        self._doctor = Lane("album2avatar doctor")
        self._follower = Follower(self._on_event)
        self._lock = threading.RLock()
        self._turn = threading.Lock()
        self._snapshot = Snapshot()
        self._drained_revision = 0
        self._callbacks: deque[Callable[[], None]] = deque()
        self._service: Service | None = None
        self._launch: Launch | None = None
        self._settled = threading.Event()
        self._settled.set()
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._wake = threading.Event()
        self._watcher: threading.Thread | None = None
        self._watched_at = float("-inf")
        self._refused_since: float | None = None
        self._pending: set[str] = set()
        self._failed_artifacts: dict[str, float] = {}
        self._assets_seen: dict[str, tuple[object, ...]] = {}

    def snapshot(self) -> Snapshot:
        """What is known now; whoever calls this counts as watching."""
        self._watched_at = time.monotonic()
        return self._snapshot

    def peek(self) -> Snapshot:
        """What is known now, without watching."""
        return self._snapshot

    def is_watched(self) -> bool:
        """Whether somebody has looked in the last seconds."""
        return time.monotonic() - self._watched_at < _WATCHED_FOR

    def start(self, launch: Launch) -> None:
        """Find the backend of the launch's state folder, or start it."""
        with self._lock:
            if self._snapshot.status in ("starting", "ready") or self._closed.is_set():
                return
            self._launch = launch
            self._stopping.clear()
            self._settled.clear()
            self._update(status="starting", problem=None)
        self._control.put(lambda: self._start(launch))

    def stop(self) -> None:
        """End the backend; a running job stops at its last checkpoint and goes on another time."""
        self._stopping.set()
        self._control.put(self._stop)

    def choose_when_parent_ends(self, choice: ParentEnds) -> None:
        """Tell a running backend what to do when Blender quits."""
        with self._lock:
            if self._launch is not None:
                self._launch = replace(self._launch, when_parent_ends=choice)
        if self._service is not None:
            self.request("PUT", "/service", {"when_parent_ends": choice})

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        then: Then | None = None,
        fail: Fail | None = None,
    ) -> None:
        """Send a request after those before it; `path` begins below /v1, such as "/jobs".

        `then(answer)` or `fail(problem)` is called by `drain`, in the main thread. When
        `then` is called the snapshot shows already what the request has changed. Without
        `fail` the problem appears in the snapshot.
        """
        key = {"Idempotency-Key": uuid.uuid4().hex} if method == "POST" else {}
        self._requests.put(lambda: self._send(method, path, body, key, then, fail))

    def want_artifact(self, artifact: str) -> None:
        """Have an artifact downloaded; it appears in the snapshot's `files`. Cheap to repeat."""
        if self._cache.touch(artifact) or not ARTIFACT_ID.match(artifact):
            return
        with self._lock:
            failed_at = self._failed_artifacts.get(artifact)
            if failed_at is not None and time.monotonic() - failed_at < _RETRY_ARTIFACT_AFTER:
                return
            if artifact in self._pending or self._service is None:
                return
            self._pending.add(artifact)
        self._downloads.put(lambda: self._download(artifact))

    def follow(self, job: str | None) -> None:
        """Choose the job whose events and assets are wanted."""
        with self._lock:
            if self._snapshot.followed == job:
                return
            self._update(followed=job)
        self._wake.set()

    def examine(self) -> None:
        """Ask the doctor anew; the answer appears in the snapshot's `findings`."""
        self._doctor.put(self._ask_doctor)

    def drain(self, budget_seconds: float) -> bool:
        """Call back, for so long at most; whether the snapshot changed since the last time.

        For the main thread. A callback that takes longer than the budget can't be
        interrupted, but none is begun after it.
        """
        deadline = time.perf_counter() + budget_seconds
        while self._callbacks and time.perf_counter() < deadline:
            callback = self._callbacks.popleft()
            try:
                callback()
            except Exception:  # a bug in a panel must not stop the timer
                _log.exception("A callback failed")
        revision = self._snapshot.revision
        changed = revision != self._drained_revision
        self._drained_revision = revision
        return changed

    def close(self, when: StopWhen, patience: float) -> None:
        """Ask the backend that this Blender started to end, and end the threads.

        The only call that waits, and not for the backend's end.

        Args:
            when: "now" leaves a running job at its last checkpoint, "idle" lets the queue finish.
            patience: seconds to wait at most until the backend has heard it.
        """
        self._closed.set()
        self._stopping.set()
        self._settled.set()
        self._wake.set()
        self._follower.leave()
        self._control.put(lambda: self._end_own(when))
        for lane in (self._control, self._requests, self._downloads, self._doctor):
            lane.close()
        self._control.join(patience)

    # Starting and stopping, in the control thread.

    def _start(self, launch: Launch) -> None:
        try:
            service = self._reach(launch)
        except StartError as error:
            if self._stopping.is_set():
                self._become_off()
            else:
                self._become_failed(error.problem)
            return
        with self._lock:
            self._service = service
            self._refused_since = None
            self._assets_seen.clear()
            self._update(status="ready", problem=None, version=service.version)
        self._look()
        self._settled.set()
        self._watch()

    def _reach(self, launch: Launch) -> Service:
        """A backend that answers; one that was found just before its end does not.

        Raises:
            StartError: there is none.
        """
        deadline = time.monotonic() + _REFUSED_FOR
        while True:
            service = find_or_start(launch, self._stopping.is_set)
            try:
                self._read_once(service)
            except (RequestError, AnswerError) as error:
                problem = _words(error)
                if problem != messages.REFUSED or time.monotonic() > deadline:
                    raise StartError(problem) from error
            else:
                return service

    def _stop(self) -> None:
        with self._lock:
            service, self._service = self._service, None
            launch = self._launch
        self._follower.leave()
        if service is None and launch is not None:
            service = find_running(launch.state)
        if service is not None:
            stop_service(service, _STOP_PATIENCE)
        self._become_off()

    def _end_own(self, when: StopWhen) -> None:
        with self._lock:
            service, self._service = self._service, None
        if service is not None and service.process is not None:
            ask_to_stop(service, when)

    def _become_off(self) -> None:
        with self._lock:
            self._service = None
            self._update(status="off", problem=None)
        self._settled.set()

    def _become_failed(self, problem: Problem) -> None:
        self._follower.leave()
        with self._lock:
            self._service = None
            self._update(status="failed", problem=problem)
        self._settled.set()

    # Looking after the backend's state.

    def _watch(self) -> None:
        if self._watcher is None:
            self._watcher = threading.Thread(
                target=self._watch_until_closed, name="album2avatar watch", daemon=True
            )
            self._watcher.start()

    def _watch_until_closed(self) -> None:
        looked_at = time.monotonic()
        while not self._closed.is_set():
            self._wake.wait(QUICK)
            is_wanted = self._wake.is_set() or self._is_lively()
            self._wake.clear()
            if is_wanted or time.monotonic() - looked_at >= SLOW:
                self._look()
                looked_at = time.monotonic()

    def _is_lively(self) -> bool:
        """Whether somebody watches, or something is about to change."""
        snapshot = self._snapshot
        return (
            self.is_watched()
            or any(job.is_active for job in snapshot.jobs)
            or any(album.state == "reading" for album in snapshot.albums)
        )

    def _look(self) -> None:
        """Read the backend's state; find out whether it is still there."""
        service = self._service
        if service is None:
            return
        if service.has_ended():
            self._on_end(service)
            return
        try:
            with self._turn:
                self._read(service)
        except (RequestError, AnswerError) as error:
            self._on_failure(service, _words(error))
        else:
            self._refused_since = None

    def _read_once(self, service: Service) -> None:
        """What changes with another backend only."""
        answer = Fields(service.client.call("GET", "/presets"))
        presets = answer.records("presets", parse_preset)
        bodies = answer.records("bodies", parse_body)
        self._update(presets=presets, bodies=bodies)

    def _read(self, service: Service) -> None:
        client = service.client
        jobs = Fields(client.call("GET", "/jobs")).records("jobs", parse_job)
        albums = Fields(client.call("GET", "/albums")).records("albums", parse_album)
        order = parse_queue(Fields(client.call("GET", "/queue")))
        finished = {job.id for job in jobs if job.state == "done"}
        with self._lock:
            if self._service is not service:
                return
            before = self._snapshot
            were_finished = {job.id for job in before.jobs if job.state == "done"}
            self._forget_changed(before.jobs, jobs)
            self._forget_read_again(before.albums, albums)
            merged = tuple(after_poll(before.job(job.id), job) for job in jobs)
            self._update(jobs=merged, albums=albums, queue=order)
        if finished != were_finished:
            items = Fields(client.call("GET", "/wardrobe")).records("items", parse_wardrobe_item)
            self._update(wardrobe=items)
        self._read_followed(service)

    def _read_followed(self, service: Service) -> None:
        job = self._snapshot.job(self._snapshot.followed)
        if job is None:
            self._follower.leave()
            return
        if job.is_active and self._follower.job != job.id:
            self._follower.follow(service.client, job.id, job.last_event)
        seen = (job.state, job.stage, job.attempts)
        if job.has_assets and self._assets_seen.get(job.id) != seen:
            self._read_assets(service, job.id)
            self._assets_seen[job.id] = seen

    def _read_assets(self, service: Service, job: str) -> None:
        answer = Fields(service.client.call("GET", f"/jobs/{job}/assets"))
        assets = answer.records("assets", parse_asset)
        is_editable = answer.truth("is_editable")
        with self._lock:
            before = self._snapshot
            if before.assets.get(job) != assets:
                self._cache.forget(f"{job}.icon.")
                self._cache.forget(f"{job}.mask.")
            editable = before.editable | {job} if is_editable else before.editable - {job}
            self._update(
                assets=MappingProxyType({**before.assets, job: assets}),
                editable=editable,
                files=self._cache.files(),
            )

    def _forget_changed(self, before: tuple[Job, ...], after: tuple[Job, ...]) -> None:
        """A job that began again or ended has new files under the old ids."""
        known = {job.id: (job.attempts, job.is_active) for job in before}
        for job in after:
            if known.get(job.id, (job.attempts, job.is_active)) != (job.attempts, job.is_active):
                self._cache.forget(f"{job.id}.")
                self._update(files=self._cache.files())

    def _forget_read_again(self, before: tuple[Album, ...], after: tuple[Album, ...]) -> None:
        known = {album.id: album.state for album in before}
        for album in after:
            if album.state == "reading" and known.get(album.id, "reading") != "reading":
                self._cache.forget(f"{album.id}.thumbnail.")
                self._update(files=self._cache.files())

    def _on_event(self, job: str, event: Event) -> None:
        """In the follower's thread."""
        with self._lock:
            known = self._snapshot.job(job)
            if known is None:
                return
            try:
                changed = after_event(known, event)
            except AnswerError:
                _log.warning("Event %s of job %s can't be read", event.id, job)
                return
            jobs = tuple(changed if found.id == job else found for found in self._snapshot.jobs)
            self._update(jobs=jobs)
        if event.name != "progress":
            self._wake.set()

    def _on_end(self, service: Service) -> None:
        """The backend's process is gone without having been asked to end."""
        with self._lock:
            if self._service is not service:
                return
            launch = self._launch
            if service.process is None and launch is not None:
                # Another Blender had started it and is gone: this one wants its own.
                self._service = None
                self._settled.clear()
                self._update(status="starting")
                self._control.put(lambda: self._start(launch))
                return
        self._become_failed(messages.recognize(service.last_words()) or messages.GONE)

    def _on_failure(self, service: Service, problem: Problem) -> None:
        if service.has_ended():
            self._on_end(service)
            return
        now = time.monotonic()
        with self._lock:
            if self._service is not service:
                return
            if problem != messages.REFUSED:
                self._refused_since = None
            elif self._refused_since is None:
                self._refused_since = now
            self._update(problem=problem)
        if self._refused_since is not None and now - self._refused_since > _REFUSED_FOR:
            self._become_failed(problem)

    # Requests, in their thread.

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        then: Then | None,
        fail: Fail | None,
    ) -> None:
        self._settled.wait()
        service = self._service
        if service is None:
            self._fail(fail, self._why_off())
            return
        try:
            answer = service.client.call(method, path, body, headers)
        except RequestError as error:
            if service.has_ended():
                self._look()
                self._fail(fail, self._why_off())
            else:
                self._fail(fail, error.problem)
            return
        if method != "GET":
            self._assets_seen.clear()
            self._look()
        with self._lock:
            if self._snapshot.status == "ready":
                self._update(problem=None)
        if then is not None:
            self._callbacks.append(lambda: then(answer))

    def _why_off(self) -> Problem:
        if self._closed.is_set():
            return messages.CLOSED
        return self._snapshot.problem or messages.OFF

    def _fail(self, fail: Fail | None, problem: Problem) -> None:
        if fail is not None:
            self._callbacks.append(lambda: fail(problem))
        else:
            self._update(problem=problem)

    # Downloads and the doctor, each in its thread.

    def _download(self, artifact: str) -> None:
        service = self._service
        try:
            if service is None:
                return
            self._cache.fetch(service.client, artifact)
        except RequestError as error:
            _log.info("Artifact %s: %s", artifact, error)
            self._failed_artifacts[artifact] = time.monotonic()
            if error.problem == messages.DISK_FULL:
                self._update(problem=error.problem)
        else:
            self._failed_artifacts.pop(artifact, None)
            self._update(files=self._cache.files())
        finally:
            with self._lock:
                self._pending.discard(artifact)

    def _ask_doctor(self) -> None:
        self._settled.wait()
        service = self._service
        if service is None:
            return
        try:
            answer = Fields(service.client.call("GET", "/doctor?refresh=true"))
            self._update(findings=answer.records("findings", parse_finding))
        except (RequestError, AnswerError) as error:
            self._update(problem=_words(error))

    def _update(self, **changes: Any) -> None:
        """Make the next snapshot, unless nothing is different."""
        with self._lock:
            before = self._snapshot
            if any(getattr(before, name) != value for name, value in changes.items()):
                self._snapshot = replace(before, revision=before.revision + 1, **changes)


def _words(error: RequestError | AnswerError) -> Problem:
    if isinstance(error, RequestError):
        return error.problem
    _log.warning("The backend's answer: %s", error)
    return messages.BAD_ANSWER
