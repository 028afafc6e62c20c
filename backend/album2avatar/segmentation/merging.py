"""From the photos' masks to one list of assets that holds for the whole album."""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from album2avatar.asset_table import KIND_ORDER
from album2avatar.assets import Asset, AssetKind
from album2avatar.segmentation.provider import AssetMask

Labels = NDArray[np.uint8]

SEEN_SHARE = 0.2
"""A kind that fewer of the photos show is taken for a mistake."""
OUTERWEAR_SHARE = 0.2
"""Outerwear that covers less than this of all clothes on the torso is a misread top: an open
jacket, seen from the front only, still covers half."""
TOP_SHARE = 0.02
"""A top below this share of the clothes on the torso is a misread edge of the outerwear."""
ISLAND_SHARE = 0.02
"""Islands of person smaller than this share of the largest are background."""
SPECK_SHARE = 0.0003
"""The same for holes, of more than a pixel: between arm and waist, or two fingers, one sees through
a person."""
UNSURE = 0.3
"""How sure masks together are of a hole, in the mean, for it to be a patch that none of them knows;
such a hole is filled when it is as small as an island. Of 92 holes in five albums the demo network
was less sure of four: three gaps, and one patch."""

PRECEDENCE: tuple[AssetKind, ...] = (
    "bag", "glasses", "headwear", "hair", "face", "outerwear", "dress", "top", "shoes", "bottom",
    "skin",
)  # fmt: skip
"""Whose pixel it is where two masks are equally sure: what is worn over goes first."""


def mask_areas(masks: Sequence[AssetMask]) -> dict[AssetKind, float]:
    """Share of the photo that each kind covers, every pixel counted once."""
    labels = label_pixels(masks, asset_share_min=0.0)
    counts = np.bincount(labels.ravel(), minlength=len(KIND_ORDER) + 1)[1:]
    shares = counts / labels.size
    areas: dict[AssetKind, float] = {}
    for mask in masks:
        areas[mask.kind] = float(shares[KIND_ORDER.index(mask.kind)])
    return areas


def choose_kinds(
    areas: Sequence[Mapping[AssetKind, float]],
    leave_out: Collection[AssetKind],
    asset_share_min: float,
) -> list[AssetKind]:
    """Decide what the person wears, from all photos together.

    Args:
        areas: per photo, the share of it that each kind covers.

    Returns:
        Kinds in the table's order.
    """
    photos_needed = math.ceil(SEEN_SHARE * len(areas))
    total: Counter[AssetKind] = Counter()
    photos: Counter[AssetKind] = Counter()
    for photo in areas:
        for kind, share in photo.items():
            total[kind] += share  # pyright: ignore[reportArgumentType]
            photos[kind] += share >= asset_share_min
    kinds = {kind for kind in KIND_ORDER if photos[kind] >= max(1, photos_needed)}
    if total["dress"] > total["top"] + total["bottom"]:
        kinds -= {"top", "bottom"}
    else:
        kinds -= {"dress"}
    torso = total["top"] + total["outerwear"]
    if "top" in kinds and total["outerwear"] < OUTERWEAR_SHARE * torso:
        kinds -= {"outerwear"}
    elif "outerwear" in kinds and total["top"] < TOP_SHARE * torso:
        kinds -= {"top"}
    return [kind for kind in KIND_ORDER if kind in kinds and kind not in leave_out]


def label_pixels(masks: Sequence[AssetMask], asset_share_min: float) -> Labels:
    """Give every pixel of the person to one asset.

    A pixel is of the person where the masks together are surer than not. Assets smaller
    than `asset_share_min` of the photo leave their pixels to the next likeliest, and where no mask
    knows a pixel of the person, it is the nearest known one's.

    Returns:
        (H, W) uint8, 0 background, i + 1 the i-th kind of KIND_ORDER.
    """
    ordered = sorted(masks, key=lambda mask: PRECEDENCE.index(mask.kind))
    scores = np.stack([as_array(mask.mask) for mask in ordered])
    person = person_pixels(scores.sum(0))
    values = np.array([KIND_ORDER.index(mask.kind) + 1 for mask in ordered], np.uint8)
    first = np.bincount(scores.argmax(0)[person], minlength=len(ordered))
    kept = np.flatnonzero(first >= max(1.0, asset_share_min * person.size))
    if not len(kept):
        return np.zeros(person.shape, np.uint8)
    likeliest, known = values[kept][scores[kept].argmax(0)], scores[kept].max(0) > 0
    return np.where(person, _nearest(likeliest, known), 0).astype(np.uint8)


def person_pixels(certainty: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where the person is, without small islands and holes that are none.

    Args:
        certainty: (H, W) 0..1, how sure all masks together are.
    """
    person = certainty > 0.5
    largest = _island_sizes(person).max(initial=0)
    person = _of_size(person, ISLAND_SHARE * largest)
    holes = _islands(~person)
    sizes = np.bincount(holes.ravel())
    means = np.bincount(holes.ravel(), certainty.ravel()) / sizes.clip(1)
    share = np.where(means > UNSURE, ISLAND_SHARE, SPECK_SHARE)
    filled = (sizes == 1) | (sizes < share * largest)
    filled[0] = False
    return person | filled[holes]


def _nearest(values: NDArray[np.uint8], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Values (H, W), those that aren't known from the nearest pixel whose is."""
    found = ndimage.distance_transform_edt(~known, return_distances=False, return_indices=True)
    rows, columns = cast("NDArray[np.int32]", found)
    return values[rows, columns]


def _of_size(ground: NDArray[np.bool_], smallest: float) -> NDArray[np.bool_]:
    """Without the islands of `ground` that are smaller."""
    large = np.concatenate([[False], _island_sizes(ground) >= smallest])
    return large[_islands(ground)]


def _island_sizes(ground: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.bincount(_islands(ground).ravel())[1:]


def _islands(ground: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Number of each pixel's connected island, 0 outside of all."""
    return cast("tuple[NDArray[np.int32], int]", ndimage.label(ground))[0]


def name_assets(
    kinds: Sequence[AssetKind],
    masks: Sequence[Sequence[AssetMask]],
    areas: Sequence[Mapping[AssetKind, float]],
) -> tuple[Asset, ...]:
    """Name each kind by a vote of the photos, weighted by the area that they show of it."""
    votes: dict[AssetKind, Counter[str]] = {kind: Counter() for kind in kinds}
    for photo_masks, photo_areas in zip(masks, areas, strict=True):
        for mask in photo_masks:
            if mask.kind in votes:
                for name, share in mask.names.items():
                    weight = share * photo_areas.get(mask.kind, 0.0)
                    votes[mask.kind][name] += weight  # pyright: ignore[reportArgumentType]
    return tuple(
        Asset(kind=kind, name=votes[kind].most_common(1)[0][0], token=f"<asset{index}>")
        for index, kind in enumerate(kinds)
    )


def as_array(mask: Tensor) -> NDArray[np.float32]:
    """(H, W) float32 on the CPU."""
    return mask.detach().cpu().numpy()
