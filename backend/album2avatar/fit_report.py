"""How well the fitted body lies on each photo."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from album2avatar.json_models import read_model, write_model

_REMEDY = "Run `album2avatar create` again; the body is then fitted anew."


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
    write_model(path, report)


def load_fit_report(path: Path) -> FitReport:
    """Read the report of an avatar's folder.

    Raises:
        WorkspaceError: there is none, or it is damaged.
    """
    return read_model(path, FitReport, _REMEDY)
