"""Settings of the sculpt stage."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.base import Frozen
from album2avatar.settings.guidance import GuidanceSettings


class SculptGuidanceSettings(GuidanceSettings):
    """Guidance whose defaults suit normal maps."""

    weight: float = Field(default=0.5, ge=0, le=100)
    """Weight of the prior's opinion: the masks decide on outlines, the prior on what is
    inside of them."""
    negative_prompt: str = "blurry, noisy, low quality"
    """What normal maps should not look like; read by the method `nfsd` alone."""
    source_prompt: str = "smooth, blurry, bad structure, noisy, malformed"
    """What normal maps look like when the first stage of the method `bridge` is done."""
    highest_timestep_first: float = Field(default=0.8, gt=0, le=1)
    """Largest share of noise at the first step: the body is already there, so that the
    highest levels, which decide on layout, are left out."""
    highest_timestep_last: float = Field(default=0.4, gt=0, le=1)
    """The same at the last step."""
    upper_body_share: float = Field(default=0.21, ge=0, le=1)
    """Weight of views of the upper body."""
    lower_body_share: float = Field(default=0.14, ge=0, le=1)
    """Weight of views of the lower body."""


FieldKind = Literal["grids", "hash grid", "network"]


class SculptSettings(Frozen):
    """How the geometry is found: from the photos' masks and the prior's normal maps.

    The defaults are for a prior of Stable Diffusion's size on a GPU.
    """

    start: Literal["album", "body"] = "album"
    """Where the surface starts: between the masks' hull and the draft, or on the fitted body, as
    published systems do."""
    lattice_cells: int = Field(default=104, ge=16, le=256)
    """Lattice cubes along the body's height; 104 are 16 mm for an adult."""
    close_up_magnification: float = Field(default=2.0, ge=1, le=3)
    """How much finer the lattice is at hands and head, which carry the likeness."""
    outward_reach: float = Field(default=0.2, gt=0.02, le=0.5)
    """Metres from the body within which clothes and hair are looked for at first."""
    recentrings: int = Field(default=3, ge=0, le=20)
    """How often, at even parts of the steps, the lattice gets more room where the surface has
    come to its rim: clothes that are wider than masks or words said."""
    refined_share: float = Field(default=0.1, ge=0, le=1)
    """Share of the tetrahedra at the surface that are cut into eight, where it turns most: mostly
    at fingers, lips and lids; 0 cuts none."""
    refine_after: float = Field(default=0.5, ge=0, lt=1)
    """Share of the steps after which they are cut; from then on the lattice gets no more room."""
    inward_allowance: float = Field(default=0.006, ge=0, le=0.05)
    """Metres that the surface may lie inside the fitted body before it is held back; the fit
    itself is not more certain than this."""

    field: FieldKind = "grids"
    """What the offsets from the body are made of: grids from coarse to fine, a multiresolution
    hash grid, or a small network."""

    steps: int = Field(default=1200, ge=1, le=100_000)
    """Steps of the optimisation."""
    learning_rate: float = Field(default=0.003, gt=0, lt=0.1)
    """Metres that a step moves the surface at most; falls to a tenth over the steps."""

    photos_per_step: int = Field(default=4, ge=1, le=64)
    """Photos whose masks are compared in one step."""
    photo_height: int = Field(default=256, ge=32, le=1024)
    """Rows of the pictures in which masks are compared; a pixel is about 8 mm."""
    silhouette_weight: float = Field(default=1.0, ge=0, le=100)
    """Weight of the masks, to which the other weights are relative."""

    guidance: SculptGuidanceSettings = Field(default_factory=SculptGuidanceSettings)
    """How the prior judges normal maps of the avatar."""

    laplacian_weight: float = Field(default=900.0, ge=0)
    """Holds neighbouring vertices together: without it single lattice vertices make spikes."""
    laplacian_last_share: float = Field(default=0.03, gt=0, le=1)
    """This weight at the last step as a share of the first; it falls geometrically. Held to the
    end as it begins, it draws limbs and hems in."""
    normal_consistency_weight: float = Field(default=0.05, ge=0)
    """Holds neighbouring faces in one plane."""
    normal_consistency_last_share: float = Field(default=1.0, gt=0, le=1)
    """The same for this weight."""
    smoothness_weight: float = Field(default=3.0, ge=0)
    """Holds back bends in the distance from the body, where masks and prior say nothing."""
    smoothness_last_share: float = Field(default=1.0, gt=0, le=1)
    """The same for this weight."""
    template_weight: float = Field(default=100.0, ge=0)
    """Holds face and feet to the template; hands don't move at all."""
    inward_weight: float = Field(default=200.0, ge=0)
    """Holds clothes outside of the body."""

    preview_every: int = Field(default=200, ge=1)
    """Steps between preview pictures."""
    checkpoint_every: int = Field(default=50, ge=1)
    """Steps between checkpoints: at most this many are lost when the process dies."""
