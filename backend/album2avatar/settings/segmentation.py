"""Settings of the segmentation stage."""

from typing import Literal

from pydantic import Field

from album2avatar.assets import AssetKind
from album2avatar.settings.base import Frozen


class GroundedSamSettings(Frozen):
    """How photographs are segmented by Grounding DINO and SAM."""

    detector: str = "IDEA-Research/grounding-dino-tiny"
    """Grounding DINO: a name below the models folder, the path of a transformers folder, or an
    id of the hub whose files are in its cache."""
    sam: str = "sam_vit_h_4b8939.pth"
    """SAM: the path of a checkpoint, or the name of one in the models folder. `vit_h` is
    the largest of Meta's; `vit_l` and `vit_b` take less memory."""
    tagger: str = ""
    """A CLIP that names the garments, given as the detector is. Without one they are called by
    the phrase that found them, such as `jacket`."""
    box_threshold: float = Field(default=0.2, ge=0, le=1)
    """Boxes that no phrase names more surely are not looked at."""
    text_threshold: float = Field(default=0.25, ge=0, le=1)
    """A phrase that is less sure does not name a box."""
    person_share_max: float = Field(default=0.9, gt=0, le=1)
    """A mask that holds this share of the person is the person, not a garment."""


class SegmentationSettings(Frozen):
    """How the photos are taken apart into assets."""

    provider: Literal["perception", "masks", "grounded_sam"] = "perception"
    """Who finds the masks: the perception network, the artist (`masks_folder`), or Grounding
    DINO and SAM (`grounded_sam`). Keypoints and view words come from the network in any case."""
    perception: str = "demo-perception"
    """Perception model: a name below the models folder, or a path."""
    masks_folder: str = ""
    """With provider `masks`: folder of `<photo>.<kind>.png` files, white on black, such as
    `IMG_0412.top.png`; `names.json` in it may name the kinds: `{"top": "denim jacket"}`."""
    grounded_sam: GroundedSamSettings = Field(default_factory=GroundedSamSettings)
    """With provider `grounded_sam`: its models and thresholds."""
    photos_at_once: int = Field(default=1, ge=1, le=64)
    """Photos that the provider looks at together; a large graphics card has room for several."""
    leave_out: tuple[AssetKind, ...] = ()
    """Kinds of assets that get no mask and no token of their own."""
    person_share_min: float = Field(default=0.01, ge=0, le=0.9)
    """A photo in which the person covers less than this share is refused as one without a
    person; a full body at the other end of a room still covers 2 %."""
    asset_share_min: float = Field(default=0.001, ge=0, le=0.1)
    """A mask that covers less than this share of its photo is dropped: it is noise more often
    than not, and too small to learn from."""
