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
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import Any

from . import messages
from .artifacts import ArtifactCache
from .board import Board
from .client import Client, RequestError, UnreachableError
from .downloads import Downloads
from .lane import Lane
from .observer import Observer
from .parsing import AnswerError, Fields, parse_finding
from .process import (
    Service,
    StartError,
    StopWhen,
    ask_to_stop,
    find_or_start,
    find_running,
    stop_service,
)
from .types import Launch, ParentEnds, Problem, Snapshot

CACHE_BYTES = 512 * 2**20
QUICK, SLOW = 1.0, 10.0
"""Seconds between two looks at the backend: while somebody watches or a job runs, and else."""

_WATCHED_FOR = 3.0
_STOP_PATIENCE = 15.0
_BEFORE_NEXT_TRY = 0.2
_REFUSED_FOR = 20.0
"""Seconds. A backend that ends closes its door long before its process is gone."""

_log = logging.getLogger(__name__)

Then = Callable[[Any], None]
Fail = Callable[[Problem], None]


class Connection:
    """A backend, seen from Blender; every method returns at once and may be called anywhere."""

    def __init__(self, cache_folder: Path, cache_bytes: int = CACHE_BYTES) -> None:
        """Prepare; nothing runs before `start`. Artifacts are kept below `cache_folder`."""
        cache = ArtifactCache(cache_folder, cache_bytes)
        self._board = Board()
        self._wake = threading.Event()
        self._observer = Observer(self._board, cache, self._wake.set)
        self._downloads = Downloads(self._board, cache, self._client)
        self._control = Lane("album2avatar control")
        self._requests = Lane("album2avatar requests")
        self._doctor = Lane("album2avatar doctor")
        self._lock = self._board.lock
        self._turn = threading.Lock()
        self._drained_revision = 0
        self._callbacks: deque[Callable[[], None]] = deque()
        self._service: Service | None = None
        self._launch: Launch | None = None
        self._settled = threading.Event()
        self._settled.set()
        self._stopping = threading.Event()
        self._closed = threading.Event()
        self._watcher: threading.Thread | None = None
        self._watched_at = float("-inf")
        self._refused_since: float | None = None

    def snapshot(self) -> Snapshot:
        """What is known now; whoever calls this counts as watching."""
        self._watched_at = time.monotonic()
        return self._board.snapshot

    def peek(self) -> Snapshot:
        """What is known now, without watching."""
        return self._board.snapshot

    def is_watched(self) -> bool:
        """Whether somebody has looked in the last seconds."""
        return time.monotonic() - self._watched_at < _WATCHED_FOR

    def start(self, launch: Launch) -> None:
        """Find the backend of the launch's state folder, or start it."""
        with self._lock:
            if self._board.snapshot.status in ("starting", "ready") or self._closed.is_set():
                return
            self._launch = launch
            self._stopping.clear()
            self._settled.clear()
            self._board.update(status="starting", problem=None)
        self._control.put(lambda: self._start(launch))

    def stop(self, state: Path | None = None) -> "Future[bool]":
        """End the backend; a running job stops at its last checkpoint and goes on another time.

        Args:
            state: state folder of a backend to end that was not started or found here yet.

        Returns:
            In some seconds, whether its process is gone.
        """
        self._stopping.set()
        is_gone: Future[bool] = Future()
        self._control.put(lambda: self._stop(state, is_gone))
        return is_gone

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
        self._downloads.want(artifact)

    def follow(self, job: str | None) -> None:
        """Choose the job whose events and assets are wanted."""
        with self._lock:
            if self._board.snapshot.followed == job:
                return
            self._board.update(followed=job)
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
        revision = self._board.snapshot.revision
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
        self._observer.leave()
        self._control.put(lambda: self._end_own(when))
        for lane in (self._control, self._requests, self._downloads, self._doctor):
            lane.close()
        self._control.join(patience)

    def _client(self) -> Client | None:
        service = self._service
        return service.client if service is not None else None

    # Starting and stopping, in the control thread.

    def _start(self, launch: Launch) -> None:
        self._observer.leave()
        try:
            service = self._reach(launch)
        except StartError as error:
            if self._stopping.is_set():
                self._become_off()
            else:
                self._become_failed(error.problem)
            return
        except Exception:  # a bug; requests must not wait for ever
            self._become_failed(messages.FAULT)
            raise
        with self._lock:
            self._service = service
            self._refused_since = None
            self._observer.forget_edited()
            self._board.update(status="ready", problem=None, version=service.version)
            # Before the look, which may find that the backend is gone again.
            self._settled.set()
        self._look()
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
                self._observer.read_once(service.client)
            except (RequestError, AnswerError) as error:
                problem = _words(error)
                if problem != messages.REFUSED or time.monotonic() > deadline:
                    raise StartError(problem) from error
            else:
                return service

    def _stop(self, state: Path | None, is_gone: "Future[bool]") -> None:
        with self._lock:
            service, self._service = self._service, None
            if self._launch is not None:
                state = self._launch.state
        self._observer.leave()
        if service is None and state is not None:
            service = find_running(state)
        has_ended = service is None or stop_service(service, _STOP_PATIENCE)
        self._become_off()
        is_gone.set_result(has_ended)

    def _end_own(self, when: StopWhen) -> None:
        with self._lock:
            service, self._service = self._service, None
        if service is not None and service.process is not None:
            ask_to_stop(service, when)

    def _become_off(self) -> None:
        with self._lock:
            self._service = None
            self._board.update(status="off", problem=None)
            self._settled.set()

    def _become_failed(self, problem: Problem) -> None:
        with self._lock:
            self._service = None
            self._board.update(status="failed", problem=problem)
            self._settled.set()
        self._observer.leave()

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
        snapshot = self._board.snapshot
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
                self._observer.read(service.client, lambda: self._service is service)
        except (RequestError, AnswerError) as error:
            self._on_failure(service, _words(error))
        else:
            self._refused_since = None

    def _on_end(self, service: Service) -> None:
        """The backend's process is gone without having been asked to end."""
        with self._lock:
            if self._service is not service:
                return
            launch = self._launch
            is_stopped = self._stopping.is_set()
            if service.process is None and launch is not None and not is_stopped:
                # Another Blender had started it and is gone: this one wants its own.
                self._service = None
                self._settled.clear()
                self._observer.leave()
                self._board.update(status="starting")
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
            self._board.update(problem=problem)
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
        try:
            self._exchange(method, path, body, headers, then, fail)
        except Exception:  # a bug; who asked must hear something all the same
            self._fail(fail, messages.FAULT)
            raise

    def _exchange(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str],
        then: Then | None,
        fail: Fail | None,
    ) -> None:
        deadline = time.monotonic() + _REFUSED_FOR
        while True:
            self._settled.wait()
            service = self._service
            if service is None:
                self._fail(fail, self._why_off())
                return
            try:
                answer = service.client.call(method, path, body, headers)
                break
            except UnreachableError as error:
                # A backend that another Blender is ending; one of our own comes in its place.
                if self._stopping.is_set() or time.monotonic() > deadline:
                    self._fail(fail, error.problem)
                    return
                self._look()
                self._stopping.wait(_BEFORE_NEXT_TRY)
            except RequestError as error:
                if service.has_ended():
                    self._look()
                    self._fail(fail, self._why_off())
                else:
                    self._fail(fail, error.problem)
                return
        if method != "GET":
            self._observer.forget_edited()
            self._look()
        with self._lock:
            if self._board.snapshot.status == "ready":
                self._board.update(problem=None)
        if then is not None:
            self._callbacks.append(lambda: then(answer))

    def _why_off(self) -> Problem:
        if self._closed.is_set():
            return messages.CLOSED
        return self._board.snapshot.problem or messages.OFF

    def _fail(self, fail: Fail | None, problem: Problem) -> None:
        if fail is not None:
            self._callbacks.append(lambda: fail(problem))
        else:
            self._board.update(problem=problem)

    # The doctor, in its thread.

    def _ask_doctor(self) -> None:
        self._settled.wait()
        service = self._service
        if service is None:
            return
        try:
            answer = Fields(service.client.call("GET", "/doctor?refresh=true"))
            self._board.update(findings=answer.records("findings", parse_finding))
        except (RequestError, AnswerError) as error:
            self._board.update(problem=_words(error))


def _words(error: RequestError | AnswerError) -> Problem:
    if isinstance(error, RequestError):
        return error.problem
    _log.warning("The backend's answer: %s", error)
    return messages.BAD_ANSWER
