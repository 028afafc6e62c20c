"""A job's events: numbered lines of JSON that are only ever added to."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

EventKind = Literal["state", "progress"]


@dataclass(frozen=True)
class Event:
    """One event as readers get it."""

    id: int
    """Counts from 1."""
    kind: EventKind
    data: Mapping[str, Any]


class EventLog:
    """The file `events.jsonl` of one job. Threads may share it; processes may not.

    A line that a kill left half-written is cut off when the file is opened, so that the next
    event takes its number.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._ends: list[int] = []
        self._latest: dict[EventKind, Event] = {}
        self._open()

    @property
    def last_id(self) -> int:
        """Number of the latest event; 0 where there is none."""
        return len(self._ends)

    def latest(self, kind: EventKind) -> Event | None:
        """Give the latest event of a kind."""
        return self._latest.get(kind)

    def append(self, kind: EventKind, data: Mapping[str, Any]) -> Event:
        """Add an event, flushed to the system.

        Raises:
            OSError: the disk is full or the folder is gone; no event was added then.
        """
        with self._lock:
            event = Event(self.last_id + 1, kind, data)
            line = json.dumps(
                {"id": event.id, "event": kind, "data": data}, ensure_ascii=False, allow_nan=False
            )
            start = self._ends[-1] if self._ends else 0
            with self._path.open("r+b" if self._path.exists() else "w+b") as file:
                file.seek(start)
                file.write(line.encode() + b"\n")
                file.truncate()  # a write that failed half-way may have left more
                file.flush()
                self._ends.append(file.tell())
            self._latest[kind] = event
            return event

    def read(self, after: int, at_most: int = 200) -> list[Event]:
        """Read the events that follow number `after`, in order."""
        with self._lock:
            first = min(max(after, 0), self.last_id)
            last = min(first + at_most, self.last_id)
            if first == last:
                return []
            start = self._ends[first - 1] if first else 0
            with self._path.open("rb") as file:
                file.seek(start)
                lines = file.read(self._ends[last - 1] - start).splitlines()
        return [_parse(line) for line in lines]

    def _open(self) -> None:
        if not self._path.exists():
            return
        end = 0
        with self._path.open("r+b") as file:
            for line in file:
                try:
                    event = _parse(line)
                except (ValueError, KeyError, TypeError):
                    break
                if not line.endswith(b"\n") or event.id != self.last_id + 1:
                    break
                end += len(line)
                self._ends.append(end)
                self._latest[event.kind] = event
            file.truncate(end)


def _parse(line: bytes) -> Event:
    values = json.loads(line)
    return Event(int(values["id"]), values["event"], values["data"])
