"""Settings of the paint stage."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.base import Frozen


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
    views_per_step: int = Field(default=4, ge=1, le=64)
    """Views in one batch; fewer make the steps too noisy for the learning rate."""
    supersampling: int = Field(default=2, ge=1, le=4)
    """Samples along each side of a pixel, so that outlines look as in photos."""
    method: Literal["nfsd", "sds", "csd"] = "nfsd"
    """Score distillation: without noise (published default), plain, or the prompt's part alone."""
    guidance_scale: float = Field(default=7.5, ge=0, le=100)
    """Weight of the prompt; more saturates the colours."""
    photo_weight: float = Field(default=10.0, ge=0, le=1000)
    """Pull of each point's colour towards what the photos show there, against a distillation of
    weight 1: 10 leaves the photos the last word where they see a point, and the prior what they
    don't see. 0 leaves all colours to the prior."""
    learning_rate: float = Field(default=0.005, gt=0, lt=1)
    """Of the colour field's network; falls to a tenth over the steps."""
    highest_timestep_first: float = Field(default=0.98, gt=0, le=1)
    """Largest share of noise at the first step: high noise decides on colours."""
    highest_timestep_last: float = Field(default=0.5, gt=0, le=1)
    """The same at the last step: low noise decides on details."""
    full_body_share: float = Field(default=0.35, ge=0, le=1)
    """Weight of views of the whole person, against the other shares."""
    upper_body_share: float = Field(default=0.2, ge=0, le=1)
    """Weight of views of the upper body."""
    lower_body_share: float = Field(default=0.15, ge=0, le=1)
    """Weight of views of the lower body."""
    head_share: float = Field(default=0.3, ge=0.01, le=1)
    """Weight of close-ups of the head: 5 % of the surface and half of the likeness."""
    frequencies: int = Field(default=8, ge=1, le=12)
    """Octaves of detail of the colour field; 8 resolve about 2 cm, and what the network makes
    of them is finer."""
    hidden_width: int = Field(default=64, ge=8, le=512)
    """Width of the colour field's two hidden layers."""
    preview_every: int = Field(default=250, ge=1)
    """Steps between preview pictures; each costs about as much as one step."""
    checkpoint_every: int = Field(default=100, ge=1)
    """Steps between checkpoints: at most this many are lost when the process dies."""
