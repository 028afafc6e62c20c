"""Settings of the segmentation stage."""

from typing import Literal

from pydantic import Field

from album2avatar.assets import AssetKind
from album2avatar.settings.base import Frozen


class SegmentationSettings(Frozen):
    """How the photos are taken apart into assets."""

    provider: Literal["perception", "masks"] = "perception"
    """Who finds the masks: the perception network, or the artist (`masks_folder`). Keypoints
    and view words come from the network either way."""
    perception: str = "demo-perception"
    """Perception model: a name below the models folder, or a path."""
    masks_folder: str = ""
    """With provider `masks`: folder of `<photo>.<kind>.png` files, white on black, such as
    `IMG_0412.top.png`; `names.json` in it may name the kinds: `{"top": "denim jacket"}`."""
    leave_out: tuple[AssetKind, ...] = ()
    """Kinds of assets that get no mask and no token of their own."""
    person_share_min: float = Field(default=0.01, ge=0, le=0.9)
    """A photo in which the person covers less than this share is refused as one without a
    person; a full body at the other end of a room still covers 2 %."""
    asset_share_min: float = Field(default=0.001, ge=0, le=0.1)
    """A mask that covers less than this share of its photo is dropped: it is noise more often
    than not, and too small to learn from."""
