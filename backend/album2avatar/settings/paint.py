"""Settings of the paint stage."""

from album2avatar.settings.base import Frozen


class PaintSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
