"""Settings of the export stage."""

from album2avatar.settings.base import Frozen


class ExportSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
