"""The provider that reads assets from the perception network."""

from collections.abc import Collection, Sequence

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.perception.model import Perceived
from album2avatar.segmentation.provider import AssetMask, SourceImage

KIND_CLASSES: dict[AssetKind, tuple[str, ...]] = {
    "face": ("face", "beard"),
    "skin": ("skin",),
    "hair": ("hair",),
    "top": ("top",),
    "bottom": ("bottom",),
    "dress": ("dress",),
    "outerwear": ("outerwear",),
    "shoes": ("shoes",),
    "headwear": ("headwear",),
    "glasses": ("glasses",),
}
"""Kind to the pixel classes that make it up; the network knows no bags."""


class PerceivedAssets:
    """Masks and names from `Perceived`."""

    def segment(
        self, images: Sequence[SourceImage], vocabulary: Collection[AssetKind]
    ) -> list[list[AssetMask]]:
        """Masks of the vocabulary's kinds; pixels of other kinds go to the likeliest of these."""
        return [masks_of(image.perceived, vocabulary) for image in images]


def masks_of(perceived: Perceived, vocabulary: Collection[AssetKind]) -> list[AssetMask]:
    """Share the person's pixels among the kinds."""
    person = 1 - perceived.pixels[perceived.pixel_classes.index("background")]
    scores: dict[AssetKind, Tensor] = {
        kind: perceived.pixels[[perceived.pixel_classes.index(name) for name in classes]].sum(0)
        for kind, classes in KIND_CLASSES.items()
        if kind in vocabulary
    }
    if not scores:
        return []
    total = torch.stack(list(scores.values())).sum(0).clamp(min=1e-6)
    return [
        AssetMask(kind, names_of(kind, perceived), person * score / total)
        for kind, score in scores.items()
    ]


def names_of(kind: AssetKind, perceived: Perceived) -> dict[str, float]:
    """Names that a kind may have, each with its probability."""
    if kind not in perceived.attributes:
        return {kind: 1.0}
    probabilities = perceived.attributes[kind].tolist()
    words = dict(zip(perceived.vocabulary[kind], probabilities, strict=True))
    if kind == "skin":
        return {f"{word} skin": share for word, share in words.items()}
    if kind == "hair":
        # Where there is a mask of hair, nobody is bald.
        return {
            "hair in a bun" if word == "bun" else f"{word} hair": share
            for word, share in words.items()
            if word != "bald"
        }
    return words
