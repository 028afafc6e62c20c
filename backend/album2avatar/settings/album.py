"""Settings of the album stage."""

from album2avatar.settings.base import Frozen


class AlbumSettings(Frozen):
    """Placeholder docstring: replaced by the stage's author."""
