"""Settings of the fitting stage."""

from album2avatar.settings.base import Frozen


class FittingSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
