"""The frames of a clip, and which moments of the video they are."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from album2avatar.json_models import read_model, write_model
from album2avatar.png_files import read_png
from album2avatar.workspace import Workspace

_REMEDY = "Run the same command again; the frames are then taken anew."


class FrameIndex(BaseModel):
    """`frames.json`: where it is, the frames are complete."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    milliseconds: tuple[int, ...] = Field(min_length=2)
    """When each frame is shown, counted from the video's beginning."""
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    note: str = ""
    """What the artist should know of the file."""

    @property
    def seconds(self) -> tuple[float, ...]:
        """When each frame is shown, counted from the first."""
        return tuple((moment - self.milliseconds[0]) / 1000 for moment in self.milliseconds)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the frames where poses are kept."""
        return tuple(f"{number:04d}" for number in range(len(self.milliseconds)))


def save_frame_index(path: Path, index: FrameIndex) -> None:
    """Write the index atomically."""
    write_model(path, index)


def load_frame_index(path: Path) -> FrameIndex:
    """Read the index.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    return read_model(path, FrameIndex, f"Delete it. {_REMEDY}")


def load_frame(clip: Workspace, number: int) -> NDArray[np.uint8]:
    """Read a frame, (H, W, 3) sRGB.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    return read_png(clip.frame(number), "RGB", _REMEDY)


def load_person(clip: Workspace, number: int) -> NDArray[np.uint8]:
    """Read what the segmentation says of a frame, (H, W), 255 where it is sure of a person.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    return read_png(clip.person_mask(number), "L", _REMEDY)
