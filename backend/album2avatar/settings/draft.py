"""Settings of the draft stage."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class DraftSettings(Frozen):
    """How the first preview is made; seconds on two cores."""

    steps: int = Field(default=24, ge=1, le=1000)
    """Steps towards the masks' outlines; each looks at every photo."""
    outline_height: int = Field(default=128, ge=32, le=1024)
    """Rows of the pictures in which outlines are compared."""
    rate: float = Field(default=0.008, gt=0, le=0.1)
    """Longest step of a vertex, metres."""
    stiffness: float = Field(default=12.0, ge=0, le=1000)
    """How far a step reaches over the neighbours: the square root is the number of edges."""
    texture_size: int = Field(default=1024, ge=64, le=8192)
    """Height and width of the draft's texture."""
