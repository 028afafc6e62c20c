"""Settings of the paint stage."""

from pydantic import Field

from album2avatar.settings.base import Frozen
from album2avatar.settings.guidance import GuidanceSettings


class PaintSettings(Frozen):
    """How the avatar gets its colours.

    The defaults are for a prior of Stable Diffusion's size on a GPU.
    """

    faces: int = Field(default=40_000, ge=500, le=200_000)
    """Triangles of the finished avatar at most, a quad counting as two; from some 24,000 on hands
    and body keep the template's own quads. The UV map of more takes minutes."""
    texture_size: int = Field(default=2048, ge=64, le=8192)
    """Height and width of the albedo texture; 2048 is 1 mm a texel on an adult."""
    steps: int = Field(default=2500, ge=1, le=100_000)
    """Steps of the distillation; colours settle long before details."""
    guidance: GuidanceSettings = Field(default_factory=GuidanceSettings)
    """How the prior judges pictures of the avatar."""
    photo_weight: float = Field(default=10.0, ge=0, le=1000)
    """Pull of each point's colour towards what the photos show there, against a distillation of
    weight 1: 10 leaves the photos the last word where they see a point, and the prior what they
    don't see. 0 leaves all colours to the prior."""
    learning_rate: float = Field(default=0.005, gt=0, lt=1)
    """Of the colour field's network; falls to a tenth over the steps."""
    frequencies: int = Field(default=8, ge=1, le=12)
    """Octaves of detail of the colour field; 8 resolve about 2 cm, and what the network makes
    of them is finer."""
    hidden_width: int = Field(default=64, ge=8, le=512)
    """Width of the colour field's two hidden layers."""
    preview_every: int = Field(default=250, ge=1)
    """Steps between preview pictures; each costs about as much as one step."""
    checkpoint_every: int = Field(default=100, ge=1)
    """Steps between checkpoints: at most this many are lost when the process dies."""
