"""What an artist may ask of the jobs."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from album2avatar.jobs.records import Goal
from album2avatar.settings import Frozen


def _plain(text: str) -> str:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise ValueError("control characters are not allowed")
    return text


Line = Annotated[str, Field(max_length=200), AfterValidator(_plain)]
PathText = Annotated[str, Field(max_length=4096), AfterValidator(_plain)]


class JobRequest(Frozen):
    """A new job."""

    album: Line
    """Id of the album."""
    photos: tuple[Line, ...] | None = None
    """Ids of the photos to use; all that are not rejected where null."""
    goal: Goal
    preset: Line | None = None
    """Name of the preset; the default one where null."""
    body: Literal["anny", "smplx"] = "anny"
    smplx_file: PathText = ""
    """The user's own SMPL-X model."""
    prompt_addition: Line = ""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Differences from the preset."""
    title: Line = ""
    """The album's title where empty."""
    workspace: PathText | None = None
    """Absolute path of the avatar's folder; one in the user's data folder where null."""


class ResumeRequest(Frozen):
    """What changes when a job goes on."""

    goal: Goal | None = None
    preset: Line | None = None
    prompt_addition: Line | None = None
    settings: dict[str, Any] | None = None
    """Differences on top of those so far."""
