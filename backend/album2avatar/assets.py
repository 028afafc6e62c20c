"""The pieces of the puzzle: assets, their kinds, names and tokens."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

AssetKind = Literal[
    "face",
    "skin",
    "hair",
    "top",
    "bottom",
    "dress",
    "outerwear",
    "shoes",
    "headwear",
    "glasses",
    "bag",
]
"""`face` includes a beard; `skin` is bare skin outside the face."""

View = Literal["front", "left side", "right side", "back"]
"""The person's side that the camera sees: `left side` shows the person's left."""

Framing = Literal["full body", "upper body", "lower body", "head close-up"]

Subject = Literal["man", "woman", "person"]


class Asset(BaseModel):
    """One piece of the person with the word that stands for it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: AssetKind
    name: str = Field(min_length=1, max_length=60)
    """One to three words that name the class, such as `denim jacket` or `long hair`."""
    token: str = Field(default="", pattern=r"^(<[a-z0-9_-]+>)?$")
    """The word of the text encoder whose embedding is learned, such as `<asset0>`; empty for an
    asset that only words describe."""


class PhotoLabels(BaseModel):
    """What the segmentation found in one photo."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    photo: str
    """Id of the photo in the album, also the stem of its mask file."""
    view: View
    framing: Framing
    keypoints: dict[str, tuple[float, float, float]] = Field(default_factory=dict)
    """Keypoint name to (x, y, confidence): pixels of the album's photo, y down, origin at
    the top left corner of the image; confidence in 0..1."""


class AssetTable(BaseModel):
    """`segmentation/assets.json`: the asset list, which an artist may edit.

    In a mask file, pixel value `i + 1` stands for `assets[i]`, 0 for the background.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    subject: Subject
    assets: tuple[Asset, ...]
    photos: tuple[PhotoLabels, ...]


PIXEL_CLASSES: tuple[str, ...] = (
    "background",
    "skin",
    "face",
    "hair",
    "beard",
    "top",
    "bottom",
    "dress",
    "outerwear",
    "shoes",
    "headwear",
    "glasses",
)
"""Classes of the demo perception network's label map, and of the synthetic people's."""

VIEWS: tuple[View, ...] = ("front", "left side", "right side", "back")
FRAMINGS: tuple[Framing, ...] = ("full body", "upper body", "lower body", "head close-up")


def view_of_azimuth(degrees: float) -> View:
    """View word of a camera that stands `degrees` around the person.

    Args:
        degrees: 0 is in front of the person (the person faces -Y, so the camera stands
            at -Y); positive angles turn towards the person's left (+X). Any range.

    Returns:
        `front` within 45° of the front, `back` within 45° of the back, else the side
        that the camera sees.
    """
    turned = (degrees + 180.0) % 360.0 - 180.0
    if abs(turned) <= 45.0:
        return "front"
    if abs(turned) >= 135.0:
        return "back"
    return "left side" if turned > 0 else "right side"
