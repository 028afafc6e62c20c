"""Settings of the rig stage."""

from typing import Annotated

from pydantic import Field

from album2avatar.settings.base import Frozen

Share = Annotated[float, Field(ge=0, le=1)]


class RigSettings(Frozen):
    """How the surface takes the template's skinning weights."""

    trusted_distance: float = Field(default=0.04, gt=0, le=0.5)
    """Metres from the body within which its weights are taken over; a shirt or a trouser leg
    is nearer, a skirt between the legs is not."""
    trusted_angle: float = Field(default=40.0, gt=0, lt=90)
    """Degrees by which the surface and the body under it may face different ways; the inner
    sides of two thighs differ by 180."""
    smoothing_steps: int = Field(default=8, ge=0, le=200)
    """Passes of smoothing over the weights; each reaches one edge farther. Eight reach about
    4 cm at the sculpt's edge length of 5 mm, so that elbows crease softly."""
    iris_color: tuple[Share, Share, Share] = (0.3, 0.19, 0.12)
    """sRGB colour of the irises, 0..1; brown as most people's. Album photos rarely show it."""
