"""Settings that trade exactness or comfort for time; sculpting and painting read them."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.base import Frozen

Rasterizer = Literal["warp", "nvdiffrast"]


class PerformanceSettings(Frozen):
    """How the prior is asked faster."""

    tiny_encoder: str = ""
    """Folder or name of a tiny autoencoder (TAESD's format) for this prior, whose encoder stands in
    for the prior's own; none where empty. `demo-tiny-encoder` belongs to the demo prior."""
    tiny_encoder_share: float = Field(default=0.5, ge=0, le=1)
    """Share of the steps for which it does; the prior's own has the last word."""
    rasterizer: Rasterizer = "warp"
    """What finds the visible faces while shape and colours are distilled. `nvdiffrast` needs CUDA,
    and its licence excludes commercial use; it is to be installed from source, version 0.3.3 or
    later. Antialiasing is this project's own with either."""
    compile_prior: bool = False
    """Compile the prior's UNet with torch.compile. That takes a C++ compiler and time at the
    start of each stage; see docs/BENCHMARK.md for what was measured."""
