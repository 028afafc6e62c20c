"""Settings of the draft stage."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class DraftSettings(Frozen):
    """How the first avatar is made, a minute after the photos were read."""

    photo_height: int = Field(default=384, ge=32, le=1024)
    """Rows of the pictures in which outlines are looked for; 384 is 5 mm a pixel of a standing
    adult, and a mask is read more finely than that."""
    texture_size: int = Field(default=1024, ge=64, le=4096)
    """Height and width of the texture; its texels take most of the stage's time."""
