"""Looking for people in a decoded photo with the perception network."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from album2avatar.album.person import PersonMeasures, Sight, measure_person
from album2avatar.perception.model import Perception, load_perception
from album2avatar.perception.presence import joint_confidence

SIDE = 512
"""Long side of the pictures that are looked at; the network itself sees 128."""


def load_sight(model: Path) -> Sight:
    """Load a perception model to look with.

    Raises:
        ModelError: the folder is no whole perception model.
    """
    perception = load_perception(model)

    def look(photo: Path) -> PersonMeasures:
        with Image.open(photo, formats=("PNG",)) as image:
            picture = image.convert("RGB")
        picture.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
        return see(perception, np.asarray(picture))

    return look


def see(perception: Perception, pixels: np.ndarray) -> PersonMeasures:
    """Look at a picture, (H, W, 3) uint8 sRGB."""
    perceived = perception.perceive_photo(torch.from_numpy(pixels.copy()).float() / 255)
    return measure_person(
        pixels, perceived.labels.numpy(), joint_confidence(perceived), perceived.word("framing")
    )
