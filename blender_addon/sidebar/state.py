"""Where the artist's choices are: on Blender's window manager.

Choices of album, preset or job are no part of a scene: they must not be undone with it, nor
go with a .blend that is given to others, since they name folders and photos. Undo leaves the
window manager alone, and files don't hold it.
"""

# pyright: reportMissingImports=false

from typing import Any

NAME = "album2avatar"
"""Of the property on the window manager."""


def state(context: Any) -> Any:
    """The choices, as an `ALBUM2AVATAR_PG_state`."""
    return getattr(context.window_manager, NAME)
