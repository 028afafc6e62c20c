"""What is known of an album's photos: what is wrong with them, and which are used."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from album2avatar.flaws import Flaw
from album2avatar.json_models import read_model, write_model

ArtistsWish = Literal["", "kept", "left out"]
"""What the artist decided besides or against the verdict; empty where nothing."""

_REMEDY = "Run `album2avatar create` again; the album is then looked through anew."


class PhotoReport(BaseModel):
    """What the artist should know of one photo, or one frame of a video."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    """File name of the original; of a frame as `album_choice.frame_name` has it."""
    width: int = 0
    height: int = 0
    """Pixels as stored; 0 where the file can't be decoded."""
    verdict: Literal["good", "warning", "rejected"]
    """A rejected photo is not used unless the artist keeps it."""
    warnings: tuple[str, ...] = ()
    """Sentences; for a rejected photo the reasons come first."""
    rejections: tuple[Flaw, ...] = ()
    """Why it is rejected."""
    choice: ArtistsWish = ""
    measures: Mapping[str, float] = Field(default_factory=dict[str, float])
    """Numbers behind the verdict, such as `sharpness`."""
    thumbnail: str = ""
    """File name in the folder of thumbnails; empty where there is none."""

    @property
    def is_readable(self) -> bool:
        """Whether there is a picture at all."""
        return "unreadable" not in self.rejections

    @property
    def is_used(self) -> bool:
        """Whether the avatar is made from it."""
        wanted = self.choice == "kept" or self.verdict != "rejected"
        return wanted and self.choice != "left out" and self.is_readable


class AlbumReport(BaseModel):
    """Every photo and frame that was found, in the album's order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    photos: tuple[PhotoReport, ...]
    notes: tuple[str, ...] = ()
    """Sentences about whole files, such as a video that is cut off."""


@dataclass(frozen=True)
class FunnelRow:
    """How many photos got through a step."""

    step: str
    count: int


_STEPS: tuple[tuple[str, tuple[Flaw, ...]], ...] = (
    ("can be read", ("unreadable",)),
    ("big enough", ("small",)),
    ("sharp", ("blurred",)),
    ("well exposed", ("dark", "overexposed")),
    ("no twins", ("twin",)),
    ("one person", ("nobody", "several", "cut")),
)
"""What is asked of a photo, and the flaws that speak against it."""


def funnel(photos: Iterable[PhotoReport]) -> tuple[FunnelRow, ...]:
    """Count the photos that get through each step; what the artist keeps gets through all.

    >>> funnel([PhotoReport(id="a", name="a.jpg", verdict="good")])[0]
    FunnelRow(step='found', count=1)
    """
    left = list(photos)
    rows = [FunnelRow("found", len(left))]
    for step, flaws in _STEPS:
        left = [photo for photo in left if not _falls(photo, flaws)]
        rows.append(FunnelRow(step, len(left)))
    return (*rows, FunnelRow("used", sum(photo.is_used for photo in left)))


def save_album_report(path: Path, report: AlbumReport) -> None:
    """Write the report atomically."""
    write_model(path, report)


def load_album_report(path: Path) -> AlbumReport:
    """Read the report of an avatar's folder.

    Raises:
        WorkspaceError: there is none, or it is damaged.
    """
    return read_model(path, AlbumReport, _REMEDY)


def _falls(photo: PhotoReport, flaws: tuple[Flaw, ...]) -> bool:
    is_kept = photo.choice == "kept" and photo.is_readable
    return not is_kept and any(flaw in flaws for flaw in photo.rejections)
