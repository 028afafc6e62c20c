"""Grounding DINO: boxes around what phrases name."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from album2avatar.segmentation.grounded_sam.transformers_folder import (
    check_folder,
    described,
    pretrained,
)

MODEL_TYPES = ("grounding-dino", "mm-grounding-dino")
"""Detectors of transformers that score every box for every word of the prompt."""
SAME_BOX = 0.9
"""Boxes that overlap more (intersection over union) get one mask: SAM sees nothing but the box."""


@dataclass(frozen=True)
class Detections:
    """What was found in one photo."""

    boxes: Tensor
    """(N, 4) left, top, right and bottom in the photo's pixels; surest first."""
    scores: Tensor
    """(N, P) how surely each phrase names the box, 0..1."""


class GroundingDino:
    """A detector with what turns photos and phrases into its inputs."""

    def __init__(
        self, model: Any, tokenizer: Any, image_processor: Any, device: torch.device
    ) -> None:
        self._model = model.to(device).eval().requires_grad_(False)
        self._tokenizer = tokenizer
        self._image_processor = image_processor
        self._device = device

    def detect(
        self, photos: Sequence[Tensor], phrases: Sequence[str], threshold: float
    ) -> list[Detections]:
        """Look for all phrases at once, and in all photos of one size at once.

        Photos of different sizes would have to be padded, and the model sees the padding: what it
        finds in a photo would depend on the photos beside it.

        Args:
            photos: (H, W, 3) sRGB in 0..1 each.
            threshold: boxes that no phrase names more surely are left out.
        """
        found: dict[int, Detections] = {}
        for alike in same_sizes(photos):
            boxes, scores = self._look([photos[index] for index in alike], phrases)
            for row, index in enumerate(alike):
                is_sure = scores[row].amax(-1) > threshold
                corners = box_corners(boxes[row][is_sure], *photos[index].shape[:2])
                found[index] = merge_same_boxes(Detections(corners, scores[row][is_sure]))
        return [found[index] for index in range(len(photos))]

    @torch.no_grad()
    def _look(self, photos: Sequence[Tensor], phrases: Sequence[str]) -> tuple[Tensor, Tensor]:
        """(B, Q, 4) relative centres and sizes of boxes, and (B, Q, P) scores of phrases.

        A phrase is as sure as the surest of its words, which is how the model's own
        post-processing reads it.
        """
        words = self._tokenizer(
            join_phrases(phrases), return_offsets_mapping=True, return_tensors="pt"
        )
        offsets: list[list[int]] = words.pop("offset_mapping")[0].tolist()
        pictures = self._image_processor(
            images=[as_picture(photo) for photo in photos], return_tensors="pt"
        )
        output = self._model(
            **{name: tensor.to(self._device) for name, tensor in pictures.items()},
            **{
                name: tensor.expand(len(photos), -1).to(self._device)
                for name, tensor in words.items()
            },
        )
        probabilities: Tensor = output.logits.sigmoid().float().cpu()
        scores = [probabilities[..., span].amax(-1) for span in phrase_tokens(phrases, offsets)]
        return output.pred_boxes.float().cpu(), torch.stack(scores, -1)


def load_detector(folder: Path, device: torch.device) -> GroundingDino:
    """Load a Grounding DINO from a transformers folder.

    Raises:
        ModelError: the folder holds another model, pickles, or not everything.
    """
    from transformers import (
        AutoImageProcessor,
        AutoModelForZeroShotObjectDetection,
        AutoTokenizer,
    )

    check_folder(folder, "Grounding DINO", MODEL_TYPES, "segmentation.grounded_sam.detector")
    with described(folder, "Grounding DINO"):
        return GroundingDino(
            pretrained(AutoModelForZeroShotObjectDetection, folder),
            AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False),
            # The same pixels on every machine, with torchvision or without.
            AutoImageProcessor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, backend="pil"
            ),
            device,
        )


def same_sizes(photos: Sequence[Tensor]) -> list[list[int]]:
    """Indices of the photos, those of one size together."""
    groups: dict[tuple[int, ...], list[int]] = {}
    for index, photo in enumerate(photos):
        groups.setdefault(tuple(photo.shape), []).append(index)
    return list(groups.values())


def join_phrases(phrases: Sequence[str]) -> str:
    """The prompt: phrases apart by full stops, which the model reads as borders between them."""
    return ". ".join(phrases) + "."


def phrase_tokens(phrases: Sequence[str], offsets: Sequence[Sequence[int]]) -> list[list[int]]:
    """Places of each phrase's tokens in the prompt, hyphens left out.

    Args:
        offsets: per token, first and one past the last of its characters in the prompt.
    """
    prompt = join_phrases(phrases)
    spans: list[list[int]] = []
    start = 0
    for phrase in phrases:
        end = start + len(phrase)
        spans.append(
            [
                token
                for token, (first, last) in enumerate(offsets)
                if first >= start and last <= end and prompt[first:last].isalnum()
            ]
        )
        start = end + len(". ")
    return spans


def as_picture(photo: Tensor) -> Image.Image:
    """Eight-bit picture of (H, W, 3) sRGB in 0..1."""
    return Image.fromarray((255 * photo.cpu().numpy()).round().astype(np.uint8))


def box_corners(boxes: Tensor, height: int, width: int) -> Tensor:
    """(N, 4) corners in pixels, within the photo, of relative centres and sizes (N, 4)."""
    centre, half = boxes[:, :2], boxes[:, 2:] / 2
    corners = torch.cat([centre - half, centre + half], 1).clamp(0, 1)
    return corners * torch.tensor([width, height, width, height])


def merge_same_boxes(found: Detections) -> Detections:
    """One box where several lie on each other, with the surest score of every phrase."""
    order = found.scores.amax(1).argsort(descending=True, stable=True)
    boxes, scores = found.boxes[order], found.scores[order]
    is_same = overlaps(boxes) >= SAME_BOX
    is_left = torch.ones(len(boxes), dtype=torch.bool)
    kept: list[int] = []
    merged: list[Tensor] = []
    for index in range(len(boxes)):
        if is_left[index]:
            twins = is_same[index] & is_left
            twins[index] = True
            kept.append(index)
            merged.append(scores[twins].amax(0))
            is_left &= ~twins
    return Detections(boxes[kept], torch.stack(merged) if merged else scores)


def overlaps(boxes: Tensor) -> Tensor:
    """(N, N) intersection over union of (N, 4) boxes."""
    first, last = boxes[:, :2], boxes[:, 2:]
    areas = (last - first).prod(1)
    shared = torch.minimum(last[:, None], last) - torch.maximum(first[:, None], first)
    intersections = shared.clamp(min=0).prod(2)
    return intersections / (areas[:, None] + areas - intersections).clamp(min=1e-6)
