"""The network at work: from photos of any size to masks, keypoints and words."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from album2avatar.perception.crops import (
    Square,
    around_box,
    crop,
    paste_back,
    point_to_photo,
    whole_photo,
)
from album2avatar.perception.heatmaps import find_keypoints
from album2avatar.perception.mirror import mirror_output
from album2avatar.perception.network import NetworkOutput, PerceptionNetwork
from album2avatar.perception.pairs import part_pairs
from album2avatar.perception.sides import settle_sides
from album2avatar.perception.storage import load_network

CROP_MARGIN = 0.12
"""Room around the person in the second look; training pictures leave 6 to 18 %."""
ISLAND_SHARE = 0.05
"""Parts of a person, seen apart from the largest, count for the box from this share of it."""
HALF_SHARE = 0.6
"""Side of the squares of the third look, of the person's square. They show the upper and the
lower body as large as the training pictures do that show no more than that."""


@dataclass(frozen=True)
class Perceived:
    """What was found in one photo of height H and width W."""

    pixels: Tensor
    """(C, H, W) probabilities of `pixel_classes`."""
    pixel_classes: tuple[str, ...]
    keypoints: Tensor
    """(K, 3) x and y in the photo's pixels (centres at +0.5), confidence 0..1."""
    keypoint_names: tuple[str, ...]
    attributes: dict[str, Tensor]
    """Attribute to the probabilities of its words."""
    vocabulary: dict[str, tuple[str, ...]]
    """Attribute to its words."""

    @property
    def labels(self) -> Tensor:
        """(H, W) uint8, index of the likeliest class."""
        return self.pixels.argmax(0).to(torch.uint8)

    def word(self, attribute: str) -> str:
        """Likeliest word of an attribute."""
        return self.vocabulary[attribute][int(self.attributes[attribute].argmax())]


class Perception:
    """A trained network with the way in which it looks at photos."""

    def __init__(self, network: PerceptionNetwork, device: torch.device | str) -> None:
        self.network = network
        self.device = torch.device(device)

    def perceive(self, image: Tensor) -> Perceived:
        """Look once at a whole picture; enough where the person fills it.

        Args:
            image: (H, W, 3) sRGB in 0..1, top row first.
        """
        photo = image.permute(2, 0, 1).float().cpu()
        square = whole_photo(*photo.shape[-2:])
        output = self._look(photo, square)
        scores = paste_back(output.pixels[0].cpu(), square, *photo.shape[-2:])
        return self._in_photo(output, scores, square)

    def perceive_photo(self, image: Tensor) -> Perceived:
        """Look at the whole photo, then at the person, then at the halves of a full body.

        Args:
            image: (H, W, 3) sRGB in 0..1, top row first.
        """
        photo = image.permute(2, 0, 1).float().cpu()
        height, width = photo.shape[-2:]
        whole = whole_photo(height, width)
        first = self._look(photo, whole)
        scores = paste_back(first.pixels[0].cpu(), whole, height, width)
        box = person_box(scores)
        if box is None:
            return self._in_photo(first, scores, whole)
        square = around_box(*box, margin=CROP_MARGIN)
        second = self._look(photo, square)
        scores = blend(scores, second.pixels[0].cpu(), square, ones_window)
        perceived = self._in_photo(second, scores, square)
        if perceived.word("framing") != "full body":
            return perceived
        for half in upper_and_lower(square):
            closer = self._look(photo, half).pixels[0].cpu()
            scores = blend(scores, closer, half, smooth_window)
        return replace(perceived, pixels=scores.softmax(0))

    def _look(self, photo: Tensor, square: Square) -> NetworkOutput:
        """Mean of the network's scores for a square and for its mirror image."""
        size = self.network.config.image_size
        picture = crop(photo, square, size)[None].to(self.device)
        both = torch.cat([picture, picture.flip(-1)]).contiguous(memory_format=torch.channels_last)
        return mirror_output(self.network(both), self.network.config)

    def _in_photo(self, output: NetworkOutput, scores: Tensor, square: Square) -> Perceived:
        """Bring what one look found to the photo's pixels; `scores` (C, H, W) are there already."""
        config = self.network.config
        words = {name: logits[0].softmax(-1).cpu() for name, logits in output.attributes.items()}
        views = dict(zip(config.attributes["view"], words["view"].tolist(), strict=True))
        first = find_keypoints(output.heatmaps, output.absent)[0]
        parted = part_pairs(output.heatmaps[0], first, config.keypoints)
        points = find_keypoints(parted[None], output.absent)[0].cpu()
        places = point_to_photo(points[:, :2], square, output.heatmaps.shape[-1])
        keypoints = torch.cat([places, points[:, 2:]], dim=1)
        return Perceived(
            pixels=scores.softmax(0),
            pixel_classes=config.pixel_classes,
            keypoints=settle_sides(keypoints, config.keypoints, views["front"], views["back"]),
            keypoint_names=config.keypoints,
            attributes=words,
            vocabulary=dict(config.attributes),
        )


def load_perception(folder: Path, device: torch.device | str = "cpu") -> Perception:
    """Load a perception model.

    Raises:
        ModelError: the folder is no whole perception model.
    """
    return Perception(load_network(folder, device), device)


def person_box(scores: Tensor) -> tuple[float, float, float, float] | None:
    """Box around the largest connected person and what else is large; None where nobody is.

    Args:
        scores: (C, H, W) logits, class 0 the background.

    Returns:
        Left, top, right and bottom in pixels.
    """
    person = (scores.argmax(0) > 0).numpy()
    if not person.any():
        return None
    islands, count = cast("tuple[NDArray[np.int32], int]", ndimage.label(person))
    sizes = np.bincount(islands.ravel(), minlength=count + 1)[1:]
    kept = 1 + np.flatnonzero(sizes >= ISLAND_SHARE * sizes.max())
    rows, columns = np.nonzero(np.isin(islands, kept))
    left, right = float(columns.min()), float(columns.max() + 1)
    return left, float(rows.min()), right, float(rows.max() + 1)


def upper_and_lower(square: Square) -> list[Square]:
    """The two squares of a full body's third look."""
    side = HALF_SHARE * square.side
    left, far = square.left + (square.side - side) / 2, square.side - side
    return [Square(left, square.top, side), Square(left, square.top + far, side)]


def blend(
    scores: Tensor, closer: Tensor, square: Square, window: Callable[[int], Tensor]
) -> Tensor:
    """Put the scores of a closer look in the place of a photo's.

    Args:
        scores: (C, H, W) of the photo.
        closer: (C, S, S) of the square.
        window: side to (S, S), how much the closer look counts, 0..1.
    """
    height, width = scores.shape[-2:]
    x = torch.arange(width) + 0.5 - square.left
    y = torch.arange(height) + 0.5 - square.top
    inside = ((x > 0) & (x < square.side))[None, :] & ((y > 0) & (y < square.side))[:, None]
    share = paste_back(window(closer.shape[-1])[None], square, height, width) * inside
    return torch.lerp(scores, paste_back(closer, square, height, width), share)


def ones_window(size: int) -> Tensor:
    """(size, size) of ones: the closer look alone counts."""
    return torch.ones(size, size)


def smooth_window(size: int) -> Tensor:
    """(size, size) that falls from most of the weight inside to none at the edges."""
    line = torch.hann_window(size + 2, periodic=False)[1:-1].sqrt()
    return 0.75 * line[:, None] * line[None, :]
