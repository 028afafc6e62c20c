"""One thread that does one thing after the other."""

import logging
import queue
import threading
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Lane:
    """Work in order, off the caller's thread; the thread starts with the first piece of work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def put(self, work: Callable[[], None]) -> None:
        """Do `work` after what is waiting already; never blocks."""
        self._work.put(work)
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the thread after what is waiting already."""
        self._work.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the thread's end for so long at most."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            try:
                work()
            except Exception:  # a bug; the next piece of work has a right to be done all the same
                _log.exception("%s", self._name)
