"""The lines of JSON that pass between a worker process and the service."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from album2avatar.settings import Frozen, Settings

CANCEL = "cancel"
"""Line that asks a worker to stop after its step."""


class WorkerRequest(Frozen):
    """First line on a worker's standard input."""

    folder: Path
    """Folder of the photos."""
    photos: tuple[str, ...]
    """File names in it."""
    workspace_root: Path
    settings: Settings
    last_stage: str


class ProgressMessage(Frozen):
    """A stage reports; see `ProgressEvent`."""

    kind: Literal["progress"] = "progress"
    stage: str
    step: int
    total: int
    message: str = ""
    metrics: dict[str, float] = Field(default_factory=dict[str, float])
    preview: str | None = None
    """File name of the picture, without its suffix."""
    seconds: float = 0.0
    steps_done_here: int = 0
    seconds_left: float | None = None


class EndMessage(Frozen):
    """Last line of a worker that ends in order."""

    kind: Literal["end"] = "end"
    outcome: Literal["done", "cancelled", "failed"]
    code: str = ""
    message: str = ""


Message = ProgressMessage | EndMessage

_MESSAGE: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="kind")])


def parse_message(line: bytes) -> Message:
    """Read one line of a worker.

    Raises:
        ValueError: it is no message.
    """
    return _MESSAGE.validate_json(line)
