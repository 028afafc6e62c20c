"""What an artist should know of a clip's plate, masks and poses."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from album2avatar.json_models import read_model, write_model

_REMEDY = "Delete it and run the same command again."


class ClipReport(BaseModel):
    """`report.json` of a clip."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    frames: int
    seconds: float
    """From the first frame to the last."""
    unseen: float
    """Share of the plate that no frame shows, and that is filled smoothly."""
    camera_motion: float
    """Farthest that the background moved from where the middle frame has it, in frame widths."""
    noise: float
    """Usual difference of the frames from the plate, sRGB 0..1."""
    agreement: float
    """Intersection over union of the posed avatar's outline and the masks, over all frames."""
    warnings: tuple[str, ...] = ()
    """Sentences for the artist."""


def save_clip_report(path: Path, report: ClipReport) -> None:
    """Write the report atomically."""
    write_model(path, report)


def load_clip_report(path: Path) -> ClipReport:
    """Read the report.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    return read_model(path, ClipReport, _REMEDY)
