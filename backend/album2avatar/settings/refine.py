"""Settings of the refine stage."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.base import Frozen


class RefineSettings(Frozen):
    """How the avatar is held against the photos."""

    source: Literal["photos", "none"] = "photos"
    """What the painted avatar is held against; with `none` it stays as the prior left it."""
    hero_photo: str = ""
    """Id of the photo that the avatar shall look like most; it is looked at as often as all others
    together."""
    photo_height: int = Field(default=384, ge=32, le=2048)
    """Rows of the pictures that are compared in the last round; 384 is 5 mm a pixel of a standing
    adult."""
    visits: int = Field(default=16, ge=0, le=1000)
    """How often a photo is looked at in each of the three rounds, in the mean; 0 leaves shape and
    poses as they are, so that only colours are taken."""
    photos_per_step: int = Field(default=3, ge=1, le=64)
    """Photos that one step of the shape hears; one alone pulls it to its own side."""
    turn_rate: float = Field(default=0.06, ge=0, le=1)
    """Step of poses in usual errors (6 degrees a joint); 0 keeps the fitted poses."""
    shape_rate: float = Field(default=0.0012, ge=0, le=0.1)
    """Step of the surface in metres; 0 keeps the sculpted shape."""
    stiffness: float = Field(default=15.0, ge=0, le=1000)
    """How far a step of the surface reaches over its neighbours: the square root is the number of
    edges."""
    color_weight: float = Field(default=1.0, ge=0, le=100)
    """Weight of pixels of another colour against pixels of another asset."""
    pose_weight: float = Field(default=2e-4, ge=0, le=1)
    """Weight of an unusual pose, and of a correction of one usual error, in the first of the three
    rounds; a quarter of it in the last."""
    settled_pose_weight: float = Field(default=1e-2, ge=0, le=1)
    """The same for a photo whose fitted pose lay badly on its mask."""
    bending_weight: float = Field(default=2.0, ge=0, le=1e4)
    """Weight of a square centimetre by which the surface is bent."""
    checkpoint_every: int = Field(default=12, ge=1)
    """Steps between checkpoints."""
