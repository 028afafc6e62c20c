"""Settings of the export stage."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class ExportSettings(Frozen):
    """How the finished avatar is shown; its files have no choices."""

    picture_height: int = Field(default=720, ge=64, le=4096)
    """Height of the turntable's pictures in pixels; 720 shows a garment's pattern on a screen."""
    picture_samples: int = Field(default=8, ge=1, le=4096)
    """Light paths per pixel before denoising; 8 keep the pictures under a minute on two cores."""
