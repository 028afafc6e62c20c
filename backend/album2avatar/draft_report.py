"""How much of a draft's surface the photos decide."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from album2avatar.json_models import read_model, write_model

_REMEDY = "Run `album2avatar create` again; the draft is then made anew."


class DraftReport(BaseModel):
    """Where the draft's colours come from, as shares 0..1 of its surface."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    seen: float = Field(ge=0, le=1)
    """What photos show."""
    mirrored: float = Field(ge=0, le=1)
    """What the body's other side lends."""

    @property
    def sentence(self) -> str:
        """For the artist; whole per cents that add up."""
        seen, mirrored = round(100 * self.seen), round(100 * self.mirrored)
        return (
            f"Photos show {seen} % of the draft's surface, the other side lends {mirrored} %, "
            f"{max(0, 100 - seen - mirrored)} % are guessed."
        )


def save_draft_report(path: Path, report: DraftReport) -> None:
    """Write the report atomically."""
    write_model(path, report)


def load_draft_report(path: Path) -> DraftReport:
    """Read the report of an avatar's folder.

    Raises:
        WorkspaceError: there is none, or it is damaged.
    """
    return read_model(path, DraftReport, _REMEDY)
