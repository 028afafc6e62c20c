"""Progress in a terminal: a bar with stage, step and time left; plain lines in a log."""

import sys
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from album2avatar.progress import ProgressEvent

_SECONDS_BETWEEN_LINES = 10.0


@contextmanager
def shown_progress() -> Generator[Callable[[ProgressEvent], None]]:
    """Give a listener that shows each event: bars in a terminal, lines elsewhere."""
    if sys.stderr.isatty():
        with _bars() as listener:
            yield listener
    else:
        yield _LinePrinter()


@contextmanager
def _bars() -> Generator[Callable[[ProgressEvent], None]]:
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    tasks: dict[str, TaskID] = {}
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def show(event: ProgressEvent) -> None:
            if event.stage not in tasks:
                tasks[event.stage] = progress.add_task(event.stage, note="")
            progress.update(
                tasks[event.stage], completed=event.step, total=event.total, note=_note(event)
            )

        yield show


class _LinePrinter:
    """One line for each change of stage or message, and one every few seconds."""

    def __init__(self) -> None:
        self._last: tuple[str, str] = ("", "")
        self._printed_at = 0.0

    def __call__(self, event: ProgressEvent) -> None:
        now = time.monotonic()
        current = (event.stage, event.message)
        if current == self._last and now - self._printed_at < _SECONDS_BETWEEN_LINES:
            return
        self._last, self._printed_at = current, now
        line = f"{event.stage}: {event.step}/{event.total} {_note(event)}"
        print(line.rstrip(), file=sys.stderr, flush=True)


def _note(event: ProgressEvent) -> str:
    parts = [event.message] if event.message else []
    left = event.seconds_left
    if left is not None and event.step < event.total:
        parts.append(f"{_duration(left)} left")
    parts += [f"{name} {value:.3g}" for name, value in event.metrics.items()]
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d} min" if minutes else f"{rest} s"
