"""SAM: the outline of what a box holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from album2avatar.segmentation.grounded_sam.detector import as_picture

BOXES_AT_ONCE = 16
"""Boxes that the mask decoder takes together; its memory grows with them."""


@dataclass(frozen=True)
class Outlines:
    """Masks of one photo's boxes, at the size at which SAM decodes them."""

    logits: Tensor
    """(N, S, S) above 0 where the mask is, of the square that the photo lies in, top left."""
    inner: tuple[int, int]
    """Height and width of the photo within SAM's square input."""
    photo: tuple[int, int]
    """Its own height and width in pixels."""


class Sam:
    """A `segment_anything.modeling.Sam` at work."""

    def __init__(self, network: Any, device: torch.device) -> None:
        self._network = network.to(device).eval().requires_grad_(False)
        self._device = device
        self._side: int = network.image_encoder.img_size

    @torch.no_grad()
    def outline(self, photos: Sequence[Tensor], boxes: Sequence[Tensor]) -> list[Outlines]:
        """Outline what the boxes hold; the photos go through the large network together.

        Args:
            photos: (H, W, 3) sRGB in 0..1 each, of any sizes.
            boxes: (N, 4) left, top, right and bottom in pixels, for each photo.
        """
        squares = [self._square(photo) for photo in photos]
        inputs = torch.stack([self._network.preprocess(square) for square in squares])
        features: Tensor = self._network.image_encoder(inputs)
        return [
            Outlines(
                self._decode(features[index : index + 1], self._in_square(photo, boxes[index])),
                inner=(squares[index].shape[1], squares[index].shape[2]),
                photo=(photo.shape[0], photo.shape[1]),
            )
            for index, photo in enumerate(photos)
        ]

    @torch.no_grad()
    def in_photo(self, outlines: Outlines, logits: Tensor) -> Tensor:
        """(K, H, W) probabilities in the photo, of (K, S, S) logits."""
        full: Tensor = self._network.postprocess_masks(
            logits[:, None].to(self._device), outlines.inner, outlines.photo
        )
        return full[:, 0].sigmoid().cpu()

    def _square(self, photo: Tensor) -> Tensor:
        """(3, h, w) the photo at the size that SAM wants, 0..255.

        SAM was trained on pictures that Pillow made smaller.
        """
        height, width = photo.shape[:2]
        scale = self._side / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        picture = as_picture(photo).resize(size, Image.Resampling.BILINEAR)
        pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        return pixels.view(size[1], size[0], 3).permute(2, 0, 1).float().to(self._device)

    def _in_square(self, photo: Tensor, boxes: Tensor) -> Tensor:
        return (boxes * (self._side / max(photo.shape[:2]))).to(self._device)

    def _decode(self, features: Tensor, boxes: Tensor) -> Tensor:
        """(N, S, S) logits of (N, 4) boxes in the square."""
        prompts, decoder = self._network.prompt_encoder, self._network.mask_decoder
        decoded = [torch.zeros(0, *prompts.mask_input_size)]
        for some in boxes.split(BOXES_AT_ONCE) if len(boxes) else ():
            sparse, dense = prompts(points=None, boxes=some, masks=None)
            masks, _ = decoder(
                image_embeddings=features,
                image_pe=prompts.get_dense_pe(),
                sparse_prompt_embeddings=sparse,
                dense_prompt_embeddings=dense,
                multimask_output=False,
            )
            decoded.append(masks[:, 0].cpu())
        return torch.cat(decoded)
