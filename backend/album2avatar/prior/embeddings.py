"""What text encoders say about sentences, for both classes of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class TextEmbeddings:
    """A batch of encoded sentences."""

    hidden: Tensor
    """(B, L, C), one embedding per token place; the UNet attends to them. In the SDXL class
    both encoders' embeddings side by side."""
    pooled: Tensor | None = None
    """(B, P), one embedding per sentence, which the SDXL class reads with the timestep; None in
    the SD class."""

    def __len__(self) -> int:
        return len(self.hidden)

    def __getitem__(self, rows: Tensor | slice) -> TextEmbeddings:
        """Some of the sentences, chosen by a slice, by indices or by a mask."""
        pooled = None if self.pooled is None else self.pooled[rows]
        return TextEmbeddings(self.hidden[rows], pooled)

    def expand(self, count: int) -> TextEmbeddings:
        """One sentence `count` times, without copying it."""
        pooled = None if self.pooled is None else self.pooled.expand(count, -1)
        return TextEmbeddings(self.hidden.expand(count, -1, -1), pooled)

    @staticmethod
    def cat(parts: Sequence[TextEmbeddings]) -> TextEmbeddings:
        """Join batches of one model."""
        pooled = [part.pooled for part in parts if part.pooled is not None]
        return TextEmbeddings(
            torch.cat([part.hidden for part in parts]), torch.cat(pooled) if pooled else None
        )
