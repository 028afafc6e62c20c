"""Settings of the pose-consistent second pass."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class SecondPassSettings(Frozen):
    """Going on with pictures that the personalised prior paints over a turning body.

    AvatarBooth's second step: an album shows few sides of a person, a body all of them.
    """

    steps: int = Field(default=0, ge=0, le=100_000)
    """Steps after the second phase of the training; 0 leaves the second pass out."""
    pictures: int = Field(default=24, ge=4, le=1000)
    """Pictures that are painted, spread evenly around the body."""
    batch_size: int = Field(default=2, ge=1, le=64)
    """Of those, pictures a step, beside those of the album."""
    weight: float = Field(default=1.0, ge=0, le=100)
    """Weight of their loss; at 0 none are painted, and only the album is shown longer."""
    conditioner: str = "demo-conditioner"
    """Network in ControlNet format that leads the prior by normals of a body: a name below the
    models folder, or the path of a folder. It has to belong to the prior."""
    strength: float = Field(default=1.0, ge=0, le=2)
    """How much it leads; 1 as it was trained."""

    @property
    def paints(self) -> bool:
        """Whether pictures are painted at all."""
        return self.steps > 0 and self.weight > 0
