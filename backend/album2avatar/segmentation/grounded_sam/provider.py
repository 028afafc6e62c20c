"""The provider for photographs: Grounding DINO finds, SAM outlines, rules settle the rest."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.segmentation.grounded_sam.detector import Detections, load_detector
from album2avatar.segmentation.grounded_sam.models import find_detector, find_sam, find_tagger
from album2avatar.segmentation.grounded_sam.outliner import Outlines, Sam
from album2avatar.segmentation.grounded_sam.phrases import (
    NAMED_BY_KIND,
    detection_phrases,
)
from album2avatar.segmentation.grounded_sam.rules import (
    Naming,
    covers_person,
    find_person,
    name_boxes,
    near_person,
    settle_pixels,
)
from album2avatar.segmentation.grounded_sam.sam_network import load_sam
from album2avatar.segmentation.grounded_sam.tagger import GarmentTagger, cut_out, load_tagger
from album2avatar.segmentation.provider import AssetMask, SourceImage
from album2avatar.settings import GroundedSamSettings


class Detector(Protocol):
    """Finds what phrases name."""

    def detect(
        self, photos: Sequence[Tensor], phrases: Sequence[str], threshold: float
    ) -> list[Detections]:
        """Boxes of each photo with the score of every phrase."""
        ...


class Outliner(Protocol):
    """Outlines what boxes hold."""

    def outline(self, photos: Sequence[Tensor], boxes: Sequence[Tensor]) -> list[Outlines]:
        """Masks of each photo's boxes."""
        ...

    def in_photo(self, outlines: Outlines, logits: Tensor) -> Tensor:
        """(K, H, W) probabilities in the photo, of (K, S, S) logits."""
        ...


@dataclass(frozen=True)
class _Seen:
    """What the networks said of one photo; every vocabulary is answered from it."""

    scores: Tensor
    """(N, P) of each box and phrase."""
    outlines: Outlines
    is_candidate: Tensor
    """(N,) bool, boxes that are the person's and not the person."""


class GroundedSam:
    """Assets of photographs; each passes the detector and SAM once, whatever is asked of it."""

    def __init__(
        self,
        detector: Detector,
        outliner: Outliner,
        tagger: GarmentTagger | None,
        settings: GroundedSamSettings,
        asset_share_min: float,
    ) -> None:
        self._detector = detector
        self._outliner = outliner
        self._tagger = tagger
        self._settings = settings
        self._asset_share_min = asset_share_min
        self._phrases = detection_phrases()
        self._seen: dict[str, _Seen] = {}

    def segment(
        self, images: Sequence[SourceImage], vocabulary: Collection[AssetKind]
    ) -> list[list[AssetMask]]:
        """Masks of each photo; photos that are new go through the networks together."""
        new = [image for image in images if image.photo.id not in self._seen]
        if new:
            self._look_at(new)
        return [self._masks(image, vocabulary) for image in images]

    def _look_at(self, images: Sequence[SourceImage]) -> None:
        photos = [image.pixels for image in images]
        found = self._detector.detect(photos, self._phrases, self._settings.box_threshold)
        outlined = self._outliner.outline(photos, [detections.boxes for detections in found])
        for image, detections, outlines in zip(images, found, outlined, strict=True):
            candidates = self._candidates(detections, outlines)
            self._seen[image.photo.id] = _Seen(detections.scores, outlines, candidates)

    def _candidates(self, found: Detections, outlines: Outlines) -> Tensor:
        person = find_person(
            found.boxes, found.scores, self._phrases, self._settings.text_threshold
        )
        if person is None:
            return torch.ones(len(found.boxes), dtype=torch.bool)
        masks = outlines.logits > 0
        is_person = covers_person(masks, masks[person], self._settings.person_share_max)
        return near_person(found.boxes, person) & ~is_person

    def _masks(self, image: SourceImage, vocabulary: Collection[AssetKind]) -> list[AssetMask]:
        seen = self._seen[image.photo.id]
        boxes_of: dict[AssetKind, list[Naming]] = {}
        threshold = self._settings.text_threshold
        for naming in name_boxes(seen.scores, self._phrases, vocabulary, threshold):
            if seen.is_candidate[naming.box]:
                boxes_of.setdefault(naming.kind, []).append(naming)
        if not boxes_of:
            return []
        logits = [
            seen.outlines.logits[[naming.box for naming in namings]].amax(0)
            for namings in boxes_of.values()
        ]
        in_photo = self._outliner.in_photo(seen.outlines, torch.stack(logits))
        probabilities = dict(zip(boxes_of, in_photo, strict=True))
        settled = settle_pixels(
            {kind: probability > 0.5 for kind, probability in probabilities.items()},
            {kind: max(each.score for each in namings) for kind, namings in boxes_of.items()},
            self._asset_share_min,
        )
        names = {kind: names_of(kind, boxes_of[kind]) for kind in settled} | self._tagged(
            image.pixels, settled
        )
        return [
            AssetMask(kind, names[kind], probabilities[kind] * mask)
            for kind, mask in settled.items()
        ]

    def _tagged(
        self, pixels: Tensor, masks: dict[AssetKind, Tensor]
    ) -> dict[AssetKind, dict[str, float]]:
        """Names from the tagger, for the kinds that it knows."""
        if self._tagger is None:
            return {}
        pictures: list[tuple[AssetKind, Tensor]] = [
            (kind, cut_out(pixels, mask))
            for kind, mask in masks.items()
            if kind in self._tagger.kinds
        ]
        names = self._tagger.name(pictures)
        return {kind: named for (kind, _), named in zip(pictures, names, strict=True)}


def load_grounded_sam(
    settings: GroundedSamSettings, asset_share_min: float, device: torch.device
) -> GroundedSam:
    """The provider with its networks.

    Raises:
        ModelError: the package or a model is missing, damaged or of another kind.
    """
    sam = load_sam(find_sam(settings))
    detector = load_detector(find_detector(settings), device)
    tagger = load_tagger(find_tagger(settings), device) if settings.tagger else None
    return GroundedSam(detector, Sam(sam, device), tagger, settings, asset_share_min)


def names_of(kind: AssetKind, namings: Sequence[Naming]) -> dict[str, float]:
    """The phrases that the detector found, each with its share of their scores."""
    if kind in NAMED_BY_KIND:
        return {kind: 1.0}
    total = sum(naming.score for naming in namings)
    names: dict[str, float] = {}
    for naming in namings:
        names[naming.phrase] = names.get(naming.phrase, 0.0) + naming.score / total
    return names
