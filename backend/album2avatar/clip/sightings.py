"""What was seen of the person in each frame of a clip."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from album2avatar.assets import View
from album2avatar.json_models import read_model, write_model

_REMEDY = "Delete it and run the same command again."


class Sighting(BaseModel):
    """One frame."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    is_person: bool
    """Whether a person was found at all."""
    view: View
    """The side that the camera sees."""
    keypoints: tuple[tuple[float, float, float], ...]
    """`KEYPOINTS` in their order: x right and y down in the frame's pixels, confidence 0..1."""


class Sightings(BaseModel):
    """`sightings.json`: where it is, the masks are complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    frames: tuple[Sighting, ...]


def save_sightings(path: Path, sightings: Sightings) -> None:
    """Write the sightings atomically."""
    write_model(path, sightings)


def load_sightings(path: Path) -> Sightings:
    """Read the sightings.

    Raises:
        WorkspaceError: they are missing or damaged.
    """
    return read_model(path, Sightings, _REMEDY)
