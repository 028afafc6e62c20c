"""The service's side of one worker process."""

import contextlib
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO

import psutil

from album2avatar.jobs.worker_protocol import CANCEL, Message, WorkerRequest, parse_message

_LAST_WORDS_SECONDS = 5.0
"""How long a process may take to go after its last message, or after it was killed."""


class WorkerProcess:
    """A worker that was started and given its request."""

    def __init__(self, request: WorkerRequest, log: Path) -> None:
        """Start it.

        Args:
            request: what it has to do.
            log: file that everything it prints is added to.

        Raises:
            OSError: the system starts no more processes, or the log can't be written.
        """
        self._messages: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        with log.open("ab") as log_file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "album2avatar.jobs.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                # Two OpenMP threads that spin while they wait starve each other.
                env={**os.environ, "OMP_WAIT_POLICY": "PASSIVE"},
                # Ctrl-C in a terminal is for the service, which then stops its worker in order.
                start_new_session=True,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._commands: IO[bytes] = self._process.stdin
        self._output: IO[bytes] = self._process.stdout
        self._send(request.model_dump_json())
        threading.Thread(target=self._read, name="worker-messages", daemon=True).start()

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    def next_message(self, timeout: float) -> Message | None:
        """Wait for its next message; None when it has said its last.

        Raises:
            queue.Empty: it said nothing within `timeout` seconds.
        """
        return self._messages.get(timeout=timeout)

    def cancel(self) -> None:
        """Ask it to stop after its step."""
        self._send(CANCEL)

    def kill(self) -> None:
        """End it and everything it started, now."""
        with contextlib.suppress(psutil.NoSuchProcess):
            worker = psutil.Process(self.pid)
            for process in [*worker.children(recursive=True), worker]:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def close(self) -> int:
        """See it off, by force where it lingers, and give its exit code."""
        with contextlib.suppress(OSError):
            self._commands.close()
        try:
            return self._process.wait(_LAST_WORDS_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return self._process.wait()

    def _send(self, line: str) -> None:
        # A dead worker is noticed by the end of its messages.
        with contextlib.suppress(OSError):
            self._commands.write(line.encode() + b"\n")
            self._commands.flush()

    def _read(self) -> None:
        for line in self._output:
            with contextlib.suppress(ValueError):  # a line that a kill cut off
                self._messages.put(parse_message(line))
        self._output.close()
        self._messages.put(None)
