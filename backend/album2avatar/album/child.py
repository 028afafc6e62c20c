"""A child process that answers each line of JSON with another: ask, wait so long, restart."""

import json
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self


class ChildDiedError(Exception):
    """The child ended without an answer."""


class ChildTooSlowError(Exception):
    """The child took longer than allowed, and was ended."""


class LineChild:
    """One process that is started when it is first asked; a new one after it died.

    Use as a context manager; the child ends with it.
    """

    def __init__(self, module: str, greeting: Mapping[str, Any]) -> None:
        """
        Args:
            module: what `python -m` runs.
            greeting: the first line that every new child is sent; it doesn't answer it.
        """
        self._module = module
        self._greeting = greeting
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int | None:
        """Of the present process."""
        return self._process.pid if self._process is not None else None

    def ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        """Send a request and wait for its answer.

        Raises:
            ChildDiedError: it ended; the next request goes to a new one.
            ChildTooSlowError: it took longer than `seconds`.
        """
        process = self._process or self._start()
        try:
            _send(process, request)
            answer = self._answers.get(timeout=seconds)
        except BrokenPipeError:
            answer = ""
        except queue.Empty:
            self.stop()
            raise ChildTooSlowError from None
        if not answer:
            self.stop()
            raise ChildDiedError
        return json.loads(answer)

    def stop(self) -> None:
        """End the child at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._process = process
        self._answers = queue.Queue()
        reader = threading.Thread(target=_pump, args=(process, self._answers), daemon=True)
        reader.start()
        _send(process, self._greeting)
        return process


def _send(process: subprocess.Popen[str], message: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _pump(process: subprocess.Popen[str], answers: "queue.Queue[str]") -> None:
    """Move the child's lines to the queue; an empty one says that it is gone."""
    assert process.stdout is not None
    for line in process.stdout:
        answers.put(line)
    answers.put("")
