"""How well the perception network does on people whom it has never seen."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.perception.model import Perceived, Perception
from album2avatar.perception.vocabulary import ATTRIBUTES
from album2avatar.training.perception_augmentation import hide_unseen
from album2avatar.training.perception_data import UNKNOWN, Batch, PeopleDataset

CLOSE = 0.05
"""A keypoint counts as found within this share of the person's height in the picture."""
SURE = 0.3
"""Confidence from which a keypoint counts as claimed."""


@dataclass(frozen=True)
class PerceptionScores:
    """Shares in 0..1 over a data set."""

    pictures: int
    iou: Mapping[str, float]
    """Pixel class to intersection over union, all pictures' pixels together."""
    silhouette_iou: float
    """Mean over the pictures of person against background."""
    keypoints_close: float
    """Of the visible keypoints, those found within CLOSE of the person's height."""
    keypoint_error: float
    """Mean distance of visible keypoints as a share of the person's height."""
    keypoints_claimed_hidden: float
    """Of the hidden keypoints, those that are claimed nevertheless."""
    words: Mapping[str, float]
    """Attribute to the share of right words, where a picture shows it."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


def evaluate(perception: Perception, dataset: PeopleDataset, count: int) -> PerceptionScores:
    """Look at the first `count` pictures of a data set."""
    classes = len(PIXEL_CLASSES)
    confusion = np.zeros((classes, classes), np.int64)
    silhouettes: list[float] = []
    distances: list[NDArray[np.float32]] = []
    claimed: list[NDArray[np.bool_]] = []
    right: dict[str, list[bool]] = {name: [] for name in ATTRIBUTES}
    for row in range(count):
        batch = hide_unseen(dataset.batch([row]))
        seen = perception.perceive(batch.images[0].permute(1, 2, 0))
        truth, labels = batch.labels[0].numpy(), seen.labels.numpy()
        pairs = np.bincount((truth * classes + labels).ravel(), minlength=classes**2)
        confusion += pairs.reshape(classes, classes)
        silhouettes.append(iou_of(truth > 0, labels > 0))
        error, is_visible = keypoint_errors(seen, batch)
        distances.append(error[is_visible])
        claimed.append(seen.keypoints[:, 2].numpy()[~is_visible] > SURE)
        for name, wanted in batch.attributes.items():
            if wanted[0] != UNKNOWN:
                right[name].append(int(seen.attributes[name].argmax()) == int(wanted[0]))
    union = confusion.sum(0) + confusion.sum(1) - confusion.diagonal()
    iou = confusion.diagonal() / np.maximum(union, 1)
    errors = np.concatenate(distances)
    return PerceptionScores(
        pictures=count,
        iou=dict(zip(PIXEL_CLASSES, (round(float(value), 4) for value in iou), strict=True)),
        silhouette_iou=float(np.mean(silhouettes)),
        keypoints_close=float((errors < CLOSE).mean()),
        keypoint_error=float(errors.mean()),
        keypoints_claimed_hidden=float(np.concatenate(claimed).mean()),
        words={name: float(np.mean(values)) for name, values in right.items() if values},
    )


def keypoint_errors(seen: Perceived, batch: Batch) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Distances as a share of the person's height in the picture, and which are visible."""
    truth = batch.keypoints[0]
    rows = torch.nonzero((batch.labels[0] > 0).any(1))
    height = float(rows.max() - rows.min() + 1) if len(rows) else 1.0
    distance = torch.linalg.vector_norm(seen.keypoints[:, :2] - truth[:, :2], dim=-1)
    return (distance / height).numpy(), truth[:, 2].numpy() > 0.5


def iou_of(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Intersection over union; 1 where both are empty."""
    union = int((first | second).sum())
    return float((first & second).sum() / union) if union else 1.0
