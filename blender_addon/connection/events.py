"""Server-sent events of one job, followed over broken connections."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from .client import Client, RequestError, Stream

LONGEST_SILENCE = 25.0
"""Seconds. The backend sends a comment every ten; silence beyond this is a dead connection."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
_HOPELESS = frozenset({"not_found", "http_404", "unauthorized"})


@dataclass(frozen=True)
class Event:
    """One event of a job's stream."""

    id: int
    name: str
    """`state`, `progress` or `end`."""
    data: Mapping[str, Any]


def parse_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Events of a stream's lines; comments and what can't be read are passed over.

    An event counts when the empty line after it has come, as the format wants it, so that a
    stream which breaks off in the middle of one gives it again after reconnecting.
    """
    fields: dict[str, str] = {}
    for line in lines:
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if not text:
            event = _event(fields)
            if event is not None:
                yield event
            fields = {}
        elif not text.startswith(":"):
            name, _, value = text.partition(":")
            value = value.removeprefix(" ")
            joined = name == "data" and name in fields
            fields[name] = f"{fields[name]}\n{value}" if joined else value


class Follower:
    """A thread that follows one job's events at a time and starts again where they broke off."""

    def __init__(
        self, on_event: Callable[[str, Event], None], longest_silence: float = LONGEST_SILENCE
    ) -> None:
        """`on_event(job, event)` is called in the follower's thread."""
        self._on_event = on_event
        self._longest_silence = longest_silence
        self._lock = threading.Lock()
        self._session: _Session | None = None

    @property
    def job(self) -> str | None:
        """Whose events come, None where nobody's do."""
        session = self._running_session()
        return session.job if session is not None else None

    def is_following(self, client: Client, job: str) -> bool:
        """Whether the job's events come, and from this backend."""
        session = self._running_session()
        return session is not None and session.job == job and session.client is client

    def follow(self, client: Client, job: str, after: int) -> None:
        """Follow `job` from the event after number `after`; the former one is left."""
        session = _Session(client, job, after, self._on_event, self._longest_silence)
        with self._lock:
            former, self._session = self._session, session
        if former is not None:
            former.end()
        session.start()

    def leave(self) -> None:
        """Follow nothing."""
        with self._lock:
            former, self._session = self._session, None
        if former is not None:
            former.end()

    def _running_session(self) -> "_Session | None":
        with self._lock:
            session = self._session
        return session if session is not None and session.is_running() else None


class _Session:
    """One job, followed until its end or until nobody wants it."""

    def __init__(
        self,
        client: Client,
        job: str,
        after: int,
        on_event: Callable[[str, Event], None],
        longest_silence: float,
    ) -> None:
        self.job = job
        self.client = client
        self._last = after
        self._on_event = on_event
        self._longest_silence = longest_silence
        self._ended = threading.Event()
        self._stream: Stream | None = None
        self._thread = threading.Thread(target=self._run, name="album2avatar events", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def is_running(self) -> bool:
        return self._thread.is_alive() and not self._ended.is_set()

    def end(self) -> None:
        self._ended.set()
        stream = self._stream
        if stream is not None:
            stream.close()

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._ended.is_set():
            before = self._last
            try:
                if self._read_to_end():
                    return
            except RequestError as error:
                if error.problem.code in _HOPELESS:
                    return
            pause = _FIRST_PAUSE if self._last > before else min(2 * pause, _LONGEST_PAUSE)
            self._ended.wait(pause)

    def _read_to_end(self) -> bool:
        """Read one connection; whether the job's last event has come."""
        stream = self.client.open_stream(
            f"/jobs/{self.job}/events",
            {"Accept": "text/event-stream", "Last-Event-ID": str(self._last)},
            self._longest_silence,
        )
        self._stream = stream
        try:
            if self._ended.is_set():  # while it was being opened
                return True
            for event in parse_events(stream.lines()):
                if self._ended.is_set():
                    return True
                self._last = max(self._last, event.id)
                self._on_event(self.job, event)
                if event.name == "end":
                    return True
        finally:
            self._stream = None
            stream.close()
        return False


def _event(fields: Mapping[str, str]) -> Event | None:
    try:
        data = json.loads(fields["data"]) if fields.get("data") else {}
        number = int(fields.get("id") or 0)
    except ValueError:
        return None
    if "event" not in fields or not isinstance(data, dict):
        return None
    return Event(number, fields["event"], cast(Mapping[str, Any], data))
