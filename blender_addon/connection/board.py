"""The newest snapshot, and how the next one is made."""

import threading
from dataclasses import replace
from typing import Any

from .types import Snapshot


class Board:
    """Shows one snapshot at a time; for any thread."""

    def __init__(self) -> None:
        """Show that nothing is known."""
        self.lock = threading.RLock()
        """Held by whoever changes something that depends on what is shown."""
        self._snapshot = Snapshot()

    @property
    def snapshot(self) -> Snapshot:
        """What is known now."""
        return self._snapshot

    def update(self, **changes: Any) -> None:
        """Show the next snapshot, unless nothing is different."""
        with self.lock:
            before = self._snapshot
            if any(getattr(before, name) != value for name, value in changes.items()):
                self._snapshot = replace(before, revision=before.revision + 1, **changes)
