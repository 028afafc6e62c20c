"""Whether the queue takes jobs, kept for good."""

from pathlib import Path

from pydantic import Field, ValidationError

from album2avatar.json_models import write_model
from album2avatar.settings import Frozen

FAILURES_BEFORE_PAUSE = 3


class QueueState(Frozen):
    """`queue.json`."""

    is_paused: bool = False
    message: str = ""
    """Why it is paused, and what to do."""
    failures: int = Field(default=0, ge=0)
    """Jobs that failed in a row."""


class QueueControl:
    """Pauses the queue and lets it go on. To be called by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Read how the queue was left; one that never said anything is open."""
        self._path = path
        try:
            self._state = QueueState.model_validate_json(path.read_bytes())
        except (FileNotFoundError, ValidationError):
            self._state = QueueState()

    @property
    def state(self) -> QueueState:
        """The present state."""
        return self._state

    def pause(self, message: str = "The queue is paused; running jobs end first.") -> None:
        """Start no more jobs until `go_on`."""
        self._set(self._state.model_copy(update={"is_paused": True, "message": message}))

    def go_on(self) -> None:
        """Start jobs again, and forget the failures so far."""
        self._set(QueueState())

    def note_failure(self) -> None:
        """Count a failed job; pause where it is one too many in a row."""
        failures = self._state.failures + 1
        self._set(self._state.model_copy(update={"failures": failures}))
        if failures >= FAILURES_BEFORE_PAUSE and not self._state.is_paused:
            self.pause(
                f"{failures} jobs failed one after the other, so the queue was paused. Look at "
                "what they say, then let the queue go on."
            )

    def note_success(self) -> None:
        """A job that ends well takes back the failures before it."""
        if self._state.failures:
            self._set(self._state.model_copy(update={"failures": 0}))

    def _set(self, state: QueueState) -> None:
        write_model(self._path, state)
        self._state = state
