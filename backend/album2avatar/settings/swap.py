"""Settings of a garment swap."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class SwapSettings(Frozen):
    """How another garment is put on a finished avatar.

    Guidance itself is set in the sections `sculpt` and `paint`. The defaults are for a prior of
    Stable Diffusion's size on a GPU.
    """

    lattice_cells: int = Field(default=120, ge=16, le=256)
    """Lattice cubes along the body's height, around what changes."""
    sculpt_steps: int = Field(default=200, ge=0, le=100_000)
    """Steps in which the prior's normal maps shape the new part; its shape is known before."""
    anchor_weight: float = Field(default=30.0, ge=0)
    """Holds the new part to the shape that the garment had on the person it comes from."""
    paint_steps: int = Field(default=300, ge=0, le=100_000)
    """Steps in which the prior colours the new part; what the garment's photos showed is known
    before."""
    anchor_color_weight: float = Field(default=60.0, ge=0)
    """Holds the new part to the garment's known colours."""
    checkpoint_every: int = Field(default=20, ge=1)
    """Steps between checkpoints: at most this many are lost when the process dies."""
