"""What an artist may ask of the jobs."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from album2avatar.assets import AssetKind
from album2avatar.jobs.records import AlbumGoal
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
    """Ids of the photos to use, rejected ones among them where the artist wants these; all that
    are not rejected where null."""
    goal: AlbumGoal
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


class PromptRequest(Frozen):
    """A new job that needs no album."""

    prompt: Annotated[str, Field(min_length=1, max_length=400), AfterValidator(_plain)]
    """Who is made, such as "a woman with long brown hair wearing a red t-shirt"."""
    preset: Line | None = None
    """Name of the preset; the default one where null."""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Differences from the preset."""
    title: Line = ""
    """The prompt where empty."""
    workspace: PathText | None = None
    """Absolute path of the avatar's folder; one in the user's data folder where null."""


class SwapRequest(Frozen):
    """A finished avatar puts on another garment."""

    job: Line
    """Id of the job that made the avatar."""
    entry: Line | None = None
    """Id of the garment in the wardrobe; null where words say what it is."""
    kind: AssetKind | None = None
    """Kind of the garment; the entry's where null."""
    words: Annotated[Line, Field(max_length=60)] = ""
    """Such as "blue denim jacket"; used where there is no entry."""
    title: Line = ""
    """Made of the avatar's title and the garment where empty."""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Differences from what the avatar was made with."""
    workspace: PathText | None = None
    """Absolute path of the variant's folder; one in the user's data folder where null."""


class ClipRequest(Frozen):
    """A finished avatar moves as the person in a video does."""

    job: Line
    """Id of the job that made the avatar."""
    video: PathText
    """Absolute path of the file; it is only read."""
    title: Line = ""
    """Made of the avatar's title and the video's name where empty."""
    settings: dict[str, Any] = Field(default_factory=dict[str, Any])
    """Differences from what the avatar was made with; the section `clip` trims the video."""
    workspace: PathText | None = None
    """Absolute path of the clip's folder; one in the user's data folder where null."""


class ResumeRequest(Frozen):
    """What changes when a job goes on."""

    goal: AlbumGoal | None = None
    preset: Line | None = None
    prompt_addition: Line | None = None
    settings: dict[str, Any] | None = None
    """Differences on top of those so far."""
