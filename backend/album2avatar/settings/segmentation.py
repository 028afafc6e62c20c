"""Settings of the segmentation stage."""

from album2avatar.settings.base import Frozen


class SegmentationSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
