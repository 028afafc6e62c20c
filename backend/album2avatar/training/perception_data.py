"""Batches of synthetic people for the perception network."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from album2avatar.perception.vocabulary import ATTRIBUTES

_SAME_NAME = ("skin", "hair", "top", "outerwear", "bottom", "headwear", "glasses")

UNKNOWN = -1
"""Index of an attribute that a picture doesn't have or show."""


@dataclass(frozen=True)
class Batch:
    """Square pictures of side S and what is to be learned from them."""

    images: Tensor
    """(B, 3, S, S) float in 0..1."""
    labels: Tensor
    """(B, S, S) int64, indices of `PIXEL_CLASSES`."""
    keypoints: Tensor
    """(B, K, 3) float: x, y in pixels (centres at +0.5), 1 where visible else 0."""
    attributes: dict[str, Tensor]
    """Attribute to (B,) int64, indices of its words or UNKNOWN."""


class PeopleDataset:
    """A folder written by `album2avatar.synthetic.dataset`, read as it is needed."""

    def __init__(self, folder: Path) -> None:
        self._images: NDArray[np.uint8] = np.load(folder / "images.npy", mmap_mode="r")
        self._labels: NDArray[np.uint8] = np.load(folder / "labels.npy", mmap_mode="r")
        self._keypoints: NDArray[np.float32] = np.load(folder / "keypoints.npy", mmap_mode="r")
        with (folder / "records.jsonl").open(encoding="utf-8") as lines:
            words = [words_of_record(json.loads(line)) for line in lines]
        self._attributes = {name: word_indices(name, words) for name in ATTRIBUTES}

    def __len__(self) -> int:
        return len(self._images)

    def batch(self, rows: Sequence[int] | NDArray[np.int64]) -> Batch:
        """Read some rows."""
        index = np.asarray(rows)
        images = torch.from_numpy(self._images[index]).permute(0, 3, 1, 2).float() / 255
        return Batch(
            images=images,
            labels=torch.from_numpy(self._labels[index]).long(),
            keypoints=torch.from_numpy(self._keypoints[index]).float(),
            attributes={
                name: torch.from_numpy(values[index]) for name, values in self._attributes.items()
            },
        )


def word_indices(name: str, rows: Sequence[Mapping[str, str | None]]) -> NDArray[np.int64]:
    """Index of one attribute's word in every row; UNKNOWN where it has none.

    Raises:
        ValueError: a word is not in the vocabulary.
    """
    words = ATTRIBUTES[name]
    return np.array([UNKNOWN if row[name] is None else words.index(row[name]) for row in rows])


def words_of_record(record: Mapping[str, Any]) -> dict[str, str | None]:
    """The word of every attribute of one row of `records.jsonl`; None where it has none."""
    person = record["attributes"]
    upper = next((kind for kind in ("outerwear", "dress", "top") if person[kind]), "top")
    words = {name: person[name] for name in _SAME_NAME}
    return words | {
        "view": record["view"],
        "framing": record["framing"],
        "subject": record["subject"],
        "hair colour": person["hair_color"],
        "shoes": None if person["shoes"] == "bare feet" else person["shoes"],
        "upper pattern": person[f"{upper}_pattern"],
        "lower pattern": person["bottom_pattern"],
    }
