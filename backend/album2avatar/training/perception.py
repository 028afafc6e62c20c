"""Training of the perception network on synthetic people, resumable bit for bit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.perception.heatmaps import find_keypoints, heatmap_loss, heatmap_targets
from album2avatar.perception.network import NetworkConfig, NetworkOutput, PerceptionNetwork
from album2avatar.perception.storage import save_perception
from album2avatar.perception.vocabulary import ATTRIBUTES
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.training.loop import Loop, Trainee, train
from album2avatar.training.perception_augmentation import augment
from album2avatar.training.perception_data import UNKNOWN, Batch, PeopleDataset

NETWORK = NetworkConfig(PIXEL_CLASSES, KEYPOINTS, ATTRIBUTES)

KEYPOINT_DEVIATION = 1.0
"""Of the target bumps, in heatmap pixels: as sharp as the grid still resolves."""
KEYPOINT_WEIGHT = 0.2
POSITION_WEIGHT = 0.1
ATTRIBUTE_WEIGHT = 0.12
"""Weights that make the first gradients of all heads about as large as those of the pixels."""


@dataclass(frozen=True)
class Part:
    """A stretch of the training on one data set."""

    dataset: PeopleDataset
    steps: int
    batch_size: int


def train_perception(parts: list[Part], loop: Loop, output: Path, seed: int) -> None:
    """Train through the parts in their order and write the averaged weights at each save.

    Args:
        parts: small pictures first: they cost a quarter and teach most of it.
        loop: its schedule's steps are all parts' together.
        output: model folder.
    """
    torch.manual_seed(seed)
    network = PerceptionNetwork(NETWORK)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    trainee = Trainee({"network": network}, weight_decay=0.02)

    def loss_of_step(step: int) -> tuple[Tensor, Mapping[str, float]]:
        batch = draw_batch(parts, step, seed)
        images = batch.images.contiguous(memory_format=torch.channels_last)
        return perception_loss(network(images), batch)

    def on_save(step: int) -> None:
        save_perception(output, NETWORK, trainee.averaged("network"))

    train(trainee, loop, loss_of_step, on_save)


def draw_batch(parts: list[Part], step: int, seed: int) -> Batch:
    """The augmented batch of one step, always the same for the same step and seed."""
    first = 0
    for part in parts:
        if step < first + part.steps:
            break
        first += part.steps
    else:
        raise IndexError(f"step {step} lies behind the last part, which ends at {first}")
    draw = numpy_generator(seed, "perception", "rows", step)
    rows = draw.integers(0, len(part.dataset), part.batch_size)
    return augment(part.dataset.batch(rows), torch_generator(seed, "perception", "augment", step))


def perception_loss(output: NetworkOutput, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
    """Sum of all heads' losses, and each for the log."""
    pixels = F.cross_entropy(output.pixels, batch.labels)
    size = output.heatmaps.shape[-1]
    to_heatmap = torch.tensor([size / batch.images.shape[-1]] * 2 + [1.0])
    wanted = batch.keypoints * to_heatmap
    targets = heatmap_targets(wanted, size, KEYPOINT_DEVIATION)
    keypoints = heatmap_loss(output.heatmaps, output.absent, targets)
    found = find_keypoints(output.heatmaps, output.absent)
    away = (found[..., :2] - wanted[..., :2]).abs().sum(-1).clamp(max=4)
    position = (away * wanted[..., 2]).sum() / wanted[..., 2].sum().clamp(min=1)
    words = attribute_loss(output.attributes, batch.attributes)
    loss = (
        pixels + KEYPOINT_WEIGHT * keypoints + POSITION_WEIGHT * position + ATTRIBUTE_WEIGHT * words
    )
    return loss, {
        "pixels": float(pixels.detach()),
        "keypoints": float(keypoints.detach()),
        "away": float(position.detach()),
        "words": float(words.detach()),
    }


def attribute_loss(logits: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Tensor:
    """Sum over the attributes of the mean cross-entropy over the pictures that show them."""
    total = torch.zeros(())
    for name, scores in logits.items():
        known = (wanted[name] != UNKNOWN).sum().clamp(min=1)
        losses = F.cross_entropy(scores, wanted[name], ignore_index=UNKNOWN, reduction="sum")
        total = total + losses / known
    return total
