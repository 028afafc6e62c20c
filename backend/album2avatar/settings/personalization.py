"""Settings of the personalization stage."""

from album2avatar.settings.base import Frozen


class PersonalizationSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
