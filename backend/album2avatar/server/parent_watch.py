"""Notices when the process that started the service is gone."""

import threading
from collections.abc import Callable

import psutil

_LOOK_SECONDS = 0.5


def watch_parent(pid: int, on_end: Callable[[], None]) -> None:
    """Call `on_end` from a thread once the process `pid` is gone."""
    try:
        parent: psutil.Process | None = psutil.Process(pid)
    except psutil.NoSuchProcess:
        parent = None
    waiting = threading.Event()

    def look() -> None:
        # is_running also tells a new process with the same id from the old one.
        while parent is not None and parent.is_running() and not _is_zombie(parent):
            waiting.wait(_LOOK_SECONDS)
        on_end()

    threading.Thread(target=look, name="parent-watch", daemon=True).start()


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
    except psutil.AccessDenied:
        return False
