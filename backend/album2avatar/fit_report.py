"""How well the fitted body lies on each photo."""

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from album2avatar.errors import WorkspaceError
from album2avatar.files import write_bytes


class PhotoFit(BaseModel):
    """One photo. Shares are 0..1."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    photo: str
    """Id."""
    inside: float
    """Share of the body that lies within the person's mask."""
    covered: float
    """Share of bare skin, shoes and close clothes that the body covers."""
    confidence: float
    """Mean confidence of the keypoints that were seen."""
    keypoints: int
    """How many were seen."""
    disagreement: float
    """Median distance of the body's keypoints from those seen, metres."""
    verdict: Literal["good", "doubtful", "not fitted"]
    warnings: tuple[str, ...]
    """Sentences for the artist."""


class FitReport(BaseModel):
    """The photos that the body was fitted to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    photos: tuple[PhotoFit, ...]


def save_fit_report(path: Path, report: FitReport) -> None:
    """Write the report atomically."""
    write_bytes(path, (report.model_dump_json(indent=2) + "\n").encode())


def load_fit_report(path: Path) -> FitReport:
    """Read the report of an avatar's folder.

    Raises:
        WorkspaceError: there is none, or it is damaged.
    """
    try:
        return FitReport.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, ValidationError) as error:
        raise WorkspaceError(
            f"{path} can't be read. Run `album2avatar create` again; the body is then fitted anew."
        ) from error
