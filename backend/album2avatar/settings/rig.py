"""Settings of the rig stage."""

from album2avatar.settings.base import Frozen


class RigSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
