"""Settings of the export stage."""

from typing import Annotated

from pydantic import Field

from album2avatar.settings.base import Frozen

Share = Annotated[float, Field(gt=0, lt=1)]


class ExportSettings(Frozen):
    """How the finished avatar is shown, and its coarser versions."""

    lods: tuple[Share, ...] = Field(default=(0.5, 0.25, 0.125), min_length=1, max_length=6)
    """Share of the faces that each level of detail keeps, from the finest on; each has half of the
    texture's side of the one before."""

    picture_height: int = Field(default=720, ge=64, le=4096)
    """Height of the turntable's pictures in pixels; 720 shows a garment's pattern on a screen."""
    picture_samples: int = Field(default=8, ge=1, le=4096)
    """Light paths per pixel before denoising; 8 keep the pictures under a minute on two cores."""
