"""The network at work: from photos of any size to masks, keypoints and words."""

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
from album2avatar.perception.storage import load_network

CROP_MARGIN = 0.12
"""Room around the person in the second look; training pictures leave 6 to 18 %."""
TILE_SHARE = 0.62
"""Side of the four tiles of the third look, of the person's square: they overlap by a quarter."""


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
        return self._in_photo(self._look(photo, square), square, photo)

    def perceive_photo(self, image: Tensor) -> Perceived:
        """Look at the whole photo, then at the person, then at the person's quarters.

        Args:
            image: (H, W, 3) sRGB in 0..1, top row first.
        """
        photo = image.permute(2, 0, 1).float().cpu()
        height, width = photo.shape[-2:]
        first = self.perceive(image)
        box = person_box(first)
        if box is None:
            return first
        square = around_box(*box, margin=CROP_MARGIN)
        closer = self._look(photo, square)
        perceived = self._in_photo(closer, square, photo)
        if square.side < 1.5 * self.network.config.image_size:
            return perceived
        weights = torch.ones(1, height, width)
        scores = paste_back(closer.pixels[0], square, height, width)
        for tile in quarters(square):
            weight, tile_scores = self._look_at_tile(photo, tile)
            weights += weight
            scores += weight * tile_scores
        return replace(perceived, pixels=(scores / weights).softmax(0))

    def _look(self, photo: Tensor, square: Square) -> NetworkOutput:
        """Mean of the network's scores for a square and for its mirror image."""
        size = self.network.config.image_size
        picture = crop(photo, square, size)[None].to(self.device)
        both = torch.cat([picture, picture.flip(-1)]).contiguous(memory_format=torch.channels_last)
        return mirror_output(self.network(both), self.network.config)

    def _look_at_tile(self, photo: Tensor, tile: Square) -> tuple[Tensor, Tensor]:
        """Weight (1, H, W), falling to the tile's edges, and pixel scores (C, H, W)."""
        height, width = photo.shape[-2:]
        scores = self._look(photo, tile).pixels[0]
        window = torch.hann_window(scores.shape[-1] + 2, periodic=False)[1:-1]
        weight = paste_back((window[:, None] * window[None, :])[None], tile, height, width)
        x = torch.arange(width) + 0.5 - tile.left
        y = torch.arange(height) + 0.5 - tile.top
        inside = ((x > 0) & (x < tile.side))[None, :] & ((y > 0) & (y < tile.side))[:, None]
        return 2 * weight * inside, paste_back(scores, tile, height, width)

    def _in_photo(self, output: NetworkOutput, square: Square, photo: Tensor) -> Perceived:
        config = self.network.config
        height, width = photo.shape[-2:]
        points = find_keypoints(output.heatmaps, output.absent)[0].cpu()
        places = point_to_photo(points[:, :2], square, output.heatmaps.shape[-1])
        pixels = paste_back(output.pixels[0].cpu(), square, height, width).softmax(0)
        return Perceived(
            pixels=pixels,
            pixel_classes=config.pixel_classes,
            keypoints=torch.cat([places, points[:, 2:]], dim=1),
            keypoint_names=config.keypoints,
            attributes={
                name: scores[0].softmax(-1).cpu() for name, scores in output.attributes.items()
            },
            vocabulary=dict(config.attributes),
        )


def load_perception(folder: Path, device: torch.device | str = "cpu") -> Perception:
    """Load a perception model.

    Raises:
        ModelError: the folder is no whole perception model.
    """
    return Perception(load_network(folder, device), device)


def person_box(perceived: Perceived) -> tuple[float, float, float, float] | None:
    """Left, top, right and bottom of the largest connected person; None where there is none."""
    person = (perceived.labels > 0).numpy()
    if not person.any():
        return None
    islands, count = cast("tuple[NDArray[np.int32], int]", ndimage.label(person))
    sizes = ndimage.sum_labels(person, islands, range(1, count + 1))
    rows, columns = ndimage.find_objects(islands)[int(sizes.argmax())]
    return (float(columns.start), float(rows.start), float(columns.stop), float(rows.stop))


def quarters(square: Square) -> list[Square]:
    """Four overlapping tiles of a square, from its corners."""
    side = TILE_SHARE * square.side
    far = square.side - side
    return [Square(square.left + x, square.top + y, side) for y in (0.0, far) for x in (0.0, far)]
