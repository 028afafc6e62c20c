"""Ctrl-C as a polite request."""

import os
import signal
import sys
import threading
from types import FrameType


def cancelled_by_signals() -> threading.Event:
    """Event that Ctrl-C or a polite kill sets; a second one ends the process at once."""
    cancelled = threading.Event()

    def cancel(signum: int, frame: FrameType | None) -> None:
        if cancelled.is_set():
            os._exit(130)
        cancelled.set()
        print("Stopping after this step; press Ctrl-C again to stop at once.", file=sys.stderr)

    signal.signal(signal.SIGINT, cancel)
    signal.signal(signal.SIGTERM, cancel)
    return cancelled
