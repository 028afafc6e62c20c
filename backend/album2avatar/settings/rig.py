"""Settings of the rig stage."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class RigSettings(Frozen):
    """How the surface takes the template's skinning weights."""

    trusted_distance: float = Field(0.04, gt=0, le=0.5)
    """Metres from the body within which its weights are taken over; a shirt or a trouser leg
    is nearer, a skirt between the legs is not."""
    trusted_angle: float = Field(40.0, gt=0, lt=90)
    """Degrees by which the surface and the body under it may face different ways; the inner
    sides of two thighs differ by 180."""
    smoothing_steps: int = Field(8, ge=0, le=200)
    """Passes of smoothing over the weights; each reaches one edge farther. Eight reach about
    4 cm at the sculpt's edge length of 5 mm, so that elbows crease softly."""
