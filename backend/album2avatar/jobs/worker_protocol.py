"""The lines of JSON that pass between a worker process and the service."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from album2avatar.settings import Frozen, Settings
from album2avatar.wardrobe.garment import GarmentChoice

CANCEL = "cancel"
"""Line that asks a worker to stop after its step."""


class AvatarWork(Frozen):
    """Make an avatar of an album, or a part of one."""

    kind: Literal["avatar"] = "avatar"
    title: str
    """What the avatar is called in the wardrobe."""
    folder: Path
    """Folder of the photos, or a video."""
    photos: tuple[str, ...]
    """File names in it."""
    workspace_root: Path
    settings: Settings
    last_stage: str
    wardrobe: Path
    """Folder of the wardrobe that gets the pieces of a finished avatar."""


class PromptWork(Frozen):
    """Make an avatar of words alone."""

    kind: Literal["prompt"] = "prompt"
    prompt: str
    workspace_root: Path
    settings: Settings


class SwapWork(Frozen):
    """Make a variant of an avatar that wears another garment."""

    kind: Literal["swap"] = "swap"
    base: Path
    """Folder of the avatar."""
    garment: GarmentChoice
    workspace_root: Path
    """Folder of the variant."""
    settings: Settings
    wardrobe: Path
    """Folder of the wardrobe that holds the garment."""


class ClipWork(Frozen):
    """Animate an avatar after a video."""

    kind: Literal["clip"] = "clip"
    base: Path
    """Folder of the avatar."""
    video: Path
    workspace_root: Path
    """Folder of the clip."""
    settings: Settings


WorkerRequest = AvatarWork | PromptWork | SwapWork | ClipWork
"""First line on a worker's standard input."""

_REQUEST: TypeAdapter[WorkerRequest] = TypeAdapter(
    Annotated[WorkerRequest, Field(discriminator="kind")]
)


def parse_request(line: bytes) -> WorkerRequest:
    """Read the first line that a worker gets.

    Raises:
        ValueError: it is no request.
    """
    return _REQUEST.validate_json(line)


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
