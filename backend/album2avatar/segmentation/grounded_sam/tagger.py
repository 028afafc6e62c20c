"""Names of garments, from a picture of each: local, and optional."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.segmentation.grounded_sam.detector import as_picture
from album2avatar.segmentation.grounded_sam.phrases import GARMENT_WORDS
from album2avatar.segmentation.grounded_sam.transformers_folder import (
    check_folder,
    described,
    pretrained,
)

PROMPT = "a photo of a person's {}."
"""Words in a sentence are told apart better than alone (Radford et al. 2021, section 3.1.4)."""
PAPER = 0.5
"""Grey of what isn't the garment."""


class GarmentTagger(Protocol):
    """Says what garments are called."""

    kinds: frozenset[AssetKind]
    """Kinds for which it knows names."""

    def name(self, pictures: Sequence[tuple[AssetKind, Tensor]]) -> list[dict[str, float]]:
        """Names of each garment with how likely they are, 0..1.

        Args:
            pictures: kind, and (h, w, 3) sRGB in 0..1 of the garment alone.
        """
        ...


class ClipTagger:
    """Chooses between words by CLIP's likeness of picture and text."""

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        image_processor: Any,
        device: torch.device,
        words: Mapping[AssetKind, tuple[str, ...]] = GARMENT_WORDS,
    ) -> None:
        self.kinds = frozenset(words)
        self._model = model.to(device).eval().requires_grad_(False)
        self._image_processor = image_processor
        self._device = device
        self._words = words
        self._directions = {
            kind: self._text_directions(tokenizer, choices) for kind, choices in words.items()
        }

    @torch.no_grad()
    def name(self, pictures: Sequence[tuple[AssetKind, Tensor]]) -> list[dict[str, float]]:
        """Names of each garment, all looked at together."""
        if not pictures:
            return []
        inputs = self._image_processor(
            images=[as_picture(picture) for _, picture in pictures], return_tensors="pt"
        )
        pixels = inputs["pixel_values"].to(self._device)
        seen = _directions(self._model.get_image_features(pixel_values=pixels))
        scale = self._model.logit_scale.exp()
        names: list[dict[str, float]] = []
        for (kind, _), direction in zip(pictures, seen, strict=True):
            shares: Tensor = (scale * self._directions[kind] @ direction).softmax(0)
            names.append(dict(zip(self._words[kind], shares.tolist(), strict=True)))
        return names

    @torch.no_grad()
    def _text_directions(self, tokenizer: Any, words: Sequence[str]) -> Tensor:
        """(W, D) unit vectors of the words."""
        texts = [PROMPT.format(word) for word in words]
        tokens = tokenizer(texts, padding=True, return_tensors="pt").to(self._device)
        return _directions(
            self._model.get_text_features(
                input_ids=tokens["input_ids"], attention_mask=tokens["attention_mask"]
            )
        )


def load_tagger(folder: Path, device: torch.device) -> ClipTagger:
    """Load a CLIP from a transformers folder.

    Raises:
        ModelError: the folder holds another model, pickles, or not everything.
    """
    from transformers import AutoImageProcessor, AutoTokenizer, CLIPModel

    check_folder(folder, "CLIP", ("clip",), "segmentation.grounded_sam.tagger")
    with described(folder, "CLIP"):
        return ClipTagger(
            pretrained(CLIPModel, folder),
            AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False),
            AutoImageProcessor.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False, backend="pil"
            ),
            device,
        )


def cut_out(pixels: Tensor, mask: Tensor) -> Tensor:
    """(h, w, 3) the part of (H, W, 3) in a (H, W) bool mask's box, on grey paper."""
    rows, columns = mask.any(1).nonzero()[:, 0], mask.any(0).nonzero()[:, 0]
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    part = mask[top:bottom, left:right, None]
    return torch.where(part, pixels[top:bottom, left:right], torch.tensor(PAPER))


def _directions(features: Any) -> Tensor:
    """Unit vectors; newer versions of transformers wrap the features."""
    vectors: Tensor = getattr(features, "pooler_output", features)
    return torch.nn.functional.normalize(vectors.float(), dim=-1)
