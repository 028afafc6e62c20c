"""Whose pixel it is: from the outlines of boxes to one mask for each kind."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.segmentation.grounded_sam.phrases import KIND_PHRASES, PERSON
from album2avatar.segmentation.merging import PRECEDENCE

IN_PERSON_SHARE = 0.5
"""A box of which less lies in the person's box belongs to somebody else, or to nobody."""
SAME_GARMENT = 0.8
"""Two masks that overlap more (intersection over union) show one garment under two words."""


@dataclass(frozen=True)
class Naming:
    """What a box was taken for."""

    box: int
    kind: AssetKind
    phrase: str
    score: float


def name_boxes(
    scores: Tensor, phrases: Sequence[str], vocabulary: Collection[AssetKind], threshold: float
) -> list[Naming]:
    """Give each box the surest phrase of the vocabulary's kinds, where one is sure enough.

    Args:
        scores: (N, P) of each box and phrase, 0..1.
    """
    columns: list[tuple[int, AssetKind, str]] = [
        (column, kind, phrase)
        for column, phrase in enumerate(phrases)
        for kind in vocabulary
        if phrase in KIND_PHRASES[kind]
    ]
    namings: list[Naming] = []
    for box, row in enumerate(scores.tolist()):
        fired = [
            Naming(box, kind, phrase, row[column])
            for column, kind, phrase in columns
            if row[column] > threshold
        ]
        if fired:
            namings.append(max(fired, key=lambda naming: naming.score))
    return namings


def find_person(
    boxes: Tensor, scores: Tensor, phrases: Sequence[str], threshold: float
) -> int | None:
    """Index of the box of whom the photo is about: large, and surely a person."""
    sureness = scores[:, list(phrases).index(PERSON)]
    weight = (boxes[:, 2:] - boxes[:, :2]).prod(1) * sureness * (sureness > threshold)
    return int(weight.argmax()) if bool((weight > 0).any()) else None


def near_person(boxes: Tensor, person: int) -> Tensor:
    """(N,) bool, which of the (N, 4) boxes belong to the person in box number `person`."""
    body = boxes[person]
    first = torch.maximum(boxes[:, :2], body[:2])
    last = torch.minimum(boxes[:, 2:], body[2:])
    inside = (last - first).clamp(min=0).prod(1)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(1)
    return inside >= IN_PERSON_SHARE * area.clamp(min=1e-6)


def covers_person(masks: Tensor, person: Tensor, share_max: float) -> Tensor:
    """(N,) bool, which of the (N, S, S) bool masks hold too much of the person's (S, S).

    Such a mask is the person, whatever the detector called it.
    """
    covered = (masks & person).sum((1, 2))
    return covered >= share_max * person.sum().clamp(min=1)


def settle_pixels(
    masks: Mapping[AssetKind, Tensor], sureness: Mapping[AssetKind, float], share_min: float
) -> dict[AssetKind, Tensor]:
    """Give every pixel to one asset.

    The face is what of it isn't hair. Of two masks that show one garment, the surer stays. What
    is worn over or in front is the smaller: a bag on a coat, glasses on a face. Bare skin is what
    nothing else covers: arms are found with their sleeves.

    Args:
        masks: (H, W) bool.
        sureness: score of each kind's detection.
        share_min: masks that keep less of the photo are dropped.
    """
    if not masks:
        return {}
    settled = dict(masks)
    if "face" in settled and "hair" in settled:
        settled["face"] = settled["face"] & ~settled["hair"]
    settled = _without_twins(settled, sureness)
    taken = torch.zeros_like(next(iter(settled.values())))
    for kind in _from_the_front(settled):
        settled[kind] = settled[kind] & ~taken
        taken = taken | settled[kind]
    return {
        kind: mask
        for kind, mask in settled.items()
        if int(mask.sum()) >= max(1.0, share_min * mask.numel())
    }


def _without_twins(
    masks: Mapping[AssetKind, Tensor], sureness: Mapping[AssetKind, float]
) -> dict[AssetKind, Tensor]:
    """Masks without those that a surer one shows as well; bare skin always stays."""
    kept: list[AssetKind] = []
    for kind in sorted(masks, key=lambda kind: (-sureness[kind], PRECEDENCE.index(kind))):
        others = [masks[other] for other in kept if other != "skin"]
        if kind == "skin" or all(_overlap(masks[kind], other) < SAME_GARMENT for other in others):
            kept.append(kind)
    return {kind: masks[kind] for kind in kept}


def _from_the_front(masks: Mapping[AssetKind, Tensor]) -> list[AssetKind]:
    def depth(kind: AssetKind) -> tuple[bool, int, int]:
        return kind == "skin", int(masks[kind].sum()), PRECEDENCE.index(kind)

    return sorted(masks, key=depth)


def _overlap(first: Tensor, second: Tensor) -> float:
    return float((first & second).sum() / (first | second).sum().clamp(min=1))
