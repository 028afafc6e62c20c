"""Settings of the fitting stage."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.base import Frozen


class FittingSettings(Frozen):
    """How the body is fitted to keypoints and masks."""

    body: Literal["anny", "smplx"] = "anny"
    """Template. `smplx` needs the extra `smplx` and the user's own model file."""
    smplx_file: str = ""
    """Path of the user's SMPL-X model (.npz); its licence forbids commercial use."""
    vertical_fov: float = Field(default=30.0, ge=5, le=110)
    """Degrees over the image's height where nothing else is known; a photo of a standing
    person is mostly taken from 3 to 4 m away."""
    focal_spread: float = Field(default=0.1, ge=0.001, le=1)
    """How far (natural logarithm) a photo's focal length may stray from that."""
    least_confidence: float = Field(default=0.2, ge=0, lt=1)
    """Keypoints below this confidence are taken as not seen."""
    keypoint_spread: float = Field(default=0.012, gt=0, le=0.5)
    """Usual error of a keypoint in image heights; 0.012 is three quarters of a pixel of a
    64-pixel perception network."""
    keypoint_steps: int = Field(default=80, ge=1, le=5000)
    """Steps of the fit to keypoints alone; after 80 the energy of twelve photos changes by less
    than 1 %."""
    silhouette_steps: int = Field(default=100, ge=0, le=5000)
    """Steps of the fit to keypoints and masks."""
    silhouette_resolution: int = Field(default=96, ge=32, le=1024)
    """Pixels of the rendered masks, each side; 96 is 2 cm for a standing adult."""
    silhouette_weight: float = Field(default=150.0, ge=0)
    """Energy of a square metre of body outside of a mask, or of skin outside of the body."""
    centring_weight: float = Field(default=900.0, ge=0)
    """Energy of a square metre by which coarse pictures of body and clothes differ: draws the body
    into the middle of its clothes."""
    loose_share: float = Field(default=0.1, ge=0, le=1)
    """How much an uncovered pixel of cloth counts against one of skin: cloth lies off the body."""
    checkpoint_every: int = Field(default=25, ge=1)
    """Steps between two checkpoints; a step takes about 0.2 s on one core."""
