"""Settings of score distillation, which the sections `sculpt` and `paint` have in common."""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from album2avatar.settings.base import Frozen

GuidanceMethod = Literal["nfsd", "sds", "csd", "bridge"]
PromptWords = Literal["view and framing", "view", "framing", "none"]
LeadingPicture = Literal["body normals", "normals", "depth"]


class GuidanceSettings(Frozen):
    """How the prior is asked about renderings, and what is made of its answers."""

    method: GuidanceMethod = "nfsd"
    """Score distillation: without noise (published default), plain, the prompt's part alone, or
    plain first and then from words of what the rendering looks like now to the prompt."""
    scale: float = Field(default=7.5, ge=0, le=100)
    """Weight of the prompt; more saturates the colours."""
    weight: float = Field(default=1.0, ge=0, le=100)
    """Weight of the prior's opinion beside the stage's other terms."""
    rescale: float = Field(default=0.0, ge=0, le=1)
    """How far the contrast that a large scale adds is taken back: at 1 the prior's estimate of the
    picture has the standard deviation that it has without guidance; 0.7 is usual."""
    negative_prompt: str = "blurry, oversaturated, low quality"
    """What renderings should not look like; read by the method `nfsd` alone."""
    source_prompt: str = (
        "oversaturated, smooth, pixelated, cartoon, foggy, hazy, blurry, bad structure, noisy, "
        "malformed"
    )
    """What renderings look like when the first stage of the method `bridge` is done (published
    words); stands behind each view's own prompt. The demo prior reads only a few words of it."""
    source_from: float = Field(default=0.8, ge=0, le=1)
    """Share of the steps after which `bridge` reads these words; 0.8 is published."""

    views_per_step: int = Field(default=4, ge=1, le=64)
    """Views in one batch; fewer make the steps too noisy for the learning rate."""
    supersampling: int = Field(default=2, ge=1, le=4)
    """Samples along each side of a pixel, so that outlines look as in photos."""
    resolution: tuple[tuple[float, float], ...] = ((0.0, 1.0),)
    """Size of the pictures that the prior judges: from which share of the steps, and as a share of
    the size that it was trained on. `[[0, 0.5], [0.4, 1]]` asks at half the size, for a quarter
    of the price, until 40 % are done."""

    lowest_timestep: float = Field(default=0.02, ge=0, le=1)
    """Smallest share of noise; below it a rendering hardly differs from what the prior returns."""
    highest_timestep_first: float = Field(default=0.98, gt=0, le=1)
    """Largest share of noise at the first step: high noise decides on shape and colours."""
    highest_timestep_last: float = Field(default=0.5, gt=0, le=1)
    """The same at the last step: low noise decides on details."""

    full_body_share: float = Field(default=0.35, ge=0, le=1)
    """Weight of views of the whole person, against the other shares."""
    upper_body_share: float = Field(default=0.2, ge=0, le=1)
    """Weight of views of the upper body."""
    lower_body_share: float = Field(default=0.15, ge=0, le=1)
    """Weight of views of the lower body."""
    head_share: float = Field(default=0.3, ge=0, le=1)
    """Weight of close-ups of the head: 5 % of the surface and half of the likeness."""
    head_azimuth: float = Field(default=180.0, gt=0, le=180)
    """Degrees from the front within which close-ups of the head are drawn; published: 90, which
    leaves the back of the head to views of the body."""
    hands_share: float = Field(default=0.0, ge=0, le=1)
    """Weight of close-ups of a hand. The demo prior has seen none; sculpt doesn't move hands."""
    garments_share: float = Field(default=0.0, ge=0, le=1)
    """Weight of close-ups of single garments, whose prompt names nothing else. Of use with a prior
    that learned such close-ups (`personalization.asset_close_up_share`)."""
    prompt_words: PromptWords = "view and framing"
    """What prompts say of the camera. A prior that was trained with these words needs them;
    published settings may leave them out."""

    conditioner: str = ""
    """Network in ControlNet format that leads the prior by a picture of each view, so that no face
    grows on the back of a head: a name below the models folder, or the path of a folder. It has to
    belong to the prior, as `demo-conditioner` does to the demo prior. Empty: none."""
    conditioner_strength: float = Field(default=1.0, ge=0, le=2)
    """How much it leads; 1 as it was trained."""
    conditioner_picture: LeadingPicture = "body normals"
    """What it was trained to read: normals of the unclothed body (as `demo-conditioner`), normals
    of the avatar as it is now, or its depth."""

    @field_validator("resolution")
    @classmethod
    def _sizes_are_in_order(
        cls, resolution: tuple[tuple[float, float], ...]
    ) -> tuple[tuple[float, float], ...]:
        """Every step has a size, and it is one that a prior can be asked at."""
        starts = [start for start, _ in resolution]
        if not starts or starts[0] != 0 or starts != sorted(set(starts)) or starts[-1] >= 1:
            raise ValueError("the shares of the steps have to rise from 0 and stay below 1")
        if any(not 0.25 <= size <= 2 for _, size in resolution):
            raise ValueError("a size has to be 0.25 to 2 times the prior's")
        return resolution

    @model_validator(mode="after")
    def _look_somewhere(self) -> Self:
        """There is a view that can be drawn for every person."""
        shares = (
            self.full_body_share,
            self.upper_body_share,
            self.lower_body_share,
            self.head_share,
            self.hands_share,
        )
        if sum(shares) <= 0:
            raise ValueError(
                "the shares of full body, upper body, lower body, head and hands are all 0"
            )
        return self
