"""Commands that take minutes: their output in a log, and an end when somebody cancels."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, cast

from .process import clean_environment, detached

LONGEST_SILENCE = 3 * 3600.0
"""Seconds. pip says nothing while it downloads gigabytes over a slow line; this is a dead one."""
_TAIL_LINES = 60
_PAUSE = 0.1
_POLITE = 3.0
_REDIRECTING = ("PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_ROOT")
"""What would make pip install somewhere else than into the environment."""


class CancelledError(Exception):
    """Somebody cancelled while the command ran."""


class CommandError(Exception):
    """A command ended with an error, or could not be run."""

    def __init__(self, program: str, code: int | None, answer: str, output: str) -> None:
        super().__init__(f"{program} ended with {code}")
        self.answer = answer
        """What it wrote to stdout."""
        self.output = output
        """The end of all that it said."""


class Commands:
    """Runs one command after the other into one log."""

    def __init__(self, log: IO[str], cancelled: threading.Event) -> None:
        self._log = log
        self._cancelled = cancelled

    def run(
        self,
        command: Sequence[str | Path],
        on_start: Callable[[int], None],
        on_line: Callable[[str], None],
    ) -> str:
        """Run a command to its end; the answer is what it wrote to stdout, stderr goes to the log.

        Args:
            command: program and arguments.
            on_start: gets the number of the process.
            on_line: gets every line of stdout.

        Raises:
            CancelledError: the event was set; the command and its children are gone.
            CommandError: it ended with an error, fell silent, or is not there.
        """
        words = [str(word) for word in command]
        self._log.write(f"\n$ {' '.join(words)}\n")
        self._log.flush()
        started_at = self._log.tell()
        variables = clean_environment(os.environ)
        for name in _REDIRECTING:
            variables.pop(name, None)
        try:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                encoding="utf-8",
                errors="replace",
                env=variables,
                **detached(),
            )
        except OSError as error:
            self._log.write(f"{error}\n")
            raise CommandError(words[0], None, "", str(error)) from error
        on_start(process.pid)
        lines = self._lines_of(process, on_line)
        code = process.wait()
        if code:
            answer = "\n".join(lines)
            raise CommandError(words[0], code, answer, self._written_since(started_at))
        return "\n".join(lines)

    def _lines_of(
        self, process: subprocess.Popen[str], on_line: Callable[[str], None]
    ) -> "deque[str]":
        read: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        threading.Thread(
            target=_read_lines, args=(cast(IO[str], process.stdout), read), daemon=True
        ).start()
        lines: deque[str] = deque()
        heard_at = time.monotonic()
        while True:
            if self._cancelled.is_set():
                end_tree(process)
                raise CancelledError
            if time.monotonic() - heard_at > LONGEST_SILENCE:
                end_tree(process)
                self._log.write("Ended: it said nothing for too long.\n")
                break
            try:
                line = read.get(timeout=_PAUSE)
            except queue.Empty:
                continue
            if line is None:
                break
            heard_at = time.monotonic()
            self._log.write(line)
            self._log.flush()
            lines.append(line.rstrip("\n"))
            on_line(line.strip())
        return lines

    def _written_since(self, position: int) -> str:
        """The end of what the log got since, for stderr goes there directly."""
        with Path(self._log.name).open(encoding="utf-8", errors="replace") as file:
            file.seek(position)
            return "\n".join(file.read().splitlines()[-_TAIL_LINES:])


def end_tree(process: subprocess.Popen[str]) -> None:
    """End a process that was started detached, and its children."""
    if sys.platform == "win32":
        subprocess.run(
            ["taskkill", "/T", "/F", "/PID", str(process.pid)],
            capture_output=True,
            timeout=_POLITE * 10,
            check=False,
        )
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(_POLITE)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read_lines(stdout: IO[str], lines: "queue.SimpleQueue[str | None]") -> None:
    with stdout:
        for line in stdout:
            lines.put(line)
    lines.put(None)
