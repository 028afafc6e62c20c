"""Settings of the sculpt stage."""

from album2avatar.settings.base import Frozen


class SculptSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
