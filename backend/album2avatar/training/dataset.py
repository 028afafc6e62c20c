"""Pictures of synthetic people, read from a generated data set's folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.errors import ModelError
from album2avatar.prior.prompts import Style
from album2avatar.training.captions import Scene, scene_of_record

_BACKGROUND_WEIGHT = 0.35
_PERSON_WEIGHT = 1.35
_HEAD_WEIGHT = 2.35
"""A head is 2 % of a full-body picture and most of the likeness."""
_HEAD_CLASSES = ("face", "hair", "beard", "headwear", "glasses")


@dataclass(frozen=True)
class PeopleDataset:
    """N square pictures with labels and words; the arrays stay on the disk."""

    images: NDArray[np.uint8]
    """(N, S, S, 3) sRGB."""
    normals: NDArray[np.uint8]
    """(N, S, S, 3) camera-space normals as colours."""
    labels: NDArray[np.uint8]
    """(N, S, S) index into `PIXEL_CLASSES`."""
    records: tuple[Mapping[str, Any], ...]

    def __len__(self) -> int:
        return len(self.records)

    def pictures(self, rows: NDArray[np.int64], are_normals: NDArray[np.bool_]) -> Tensor:
        """Pictures (B, 3, S, S) in -1..1, normal maps where asked."""
        pixels = np.stack(
            [
                self.normals[row] if is_normal else self.images[row]
                for row, is_normal in zip(rows, are_normals, strict=True)
            ]
        )
        tensor = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 127.5 - 1
        return tensor.contiguous(memory_format=torch.channels_last)

    def weights(self, rows: NDArray[np.int64]) -> Tensor:
        """Loss weights (B, 1, S, S) with mean 1 over the batch: person before background."""
        table = np.full(len(PIXEL_CLASSES), _PERSON_WEIGHT, np.float32)
        table[PIXEL_CLASSES.index("background")] = _BACKGROUND_WEIGHT
        for name in _HEAD_CLASSES:
            table[PIXEL_CLASSES.index(name)] = _HEAD_WEIGHT
        weights = torch.from_numpy(table[self.labels[rows]]).unsqueeze(1)
        return weights / weights.mean()

    def scene(self, row: int, style: Style) -> Scene:
        """What one picture shows."""
        return scene_of_record(self.records[row], style)


def open_dataset(folder: Path) -> PeopleDataset:
    """Open a folder that `album2avatar.synthetic.dataset` wrote.

    Raises:
        ModelError: a file is missing, or the files don't belong together.
    """
    try:
        arrays = {
            name: np.load(folder / f"{name}.npy", mmap_mode="r")
            for name in ("images", "normals", "labels")
        }
        lines = (folder / "records.jsonl").read_text().splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} is no data set of synthetic people ({error}). Write one with "
            "python -m album2avatar.synthetic.dataset."
        ) from error
    if any(len(array) != len(lines) for array in arrays.values()):
        raise ModelError(
            f"{folder} has {len(lines)} records but arrays of another length. Write it again."
        )
    return PeopleDataset(**arrays, records=tuple(json.loads(line) for line in lines))
