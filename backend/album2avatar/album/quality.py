"""What a decoded photo is worth in numbers: edges, and bits that tell twins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from album2avatar.album.person import PersonMeasures
from album2avatar.album.sharpness import SIDE, Grey, sharpness

Bits = NDArray[np.bool_]

_LEAST_CROP = 24
"""Pixels of a box's sides; what is smaller is no person whose edges mean anything."""


@dataclass(frozen=True)
class PhotoMeasures:
    """One photo."""

    original_size: tuple[int, int]
    """Width and height as stored in the file."""
    sharpness: float
    """Of the person; of the whole picture where there is none."""
    person: PersonMeasures
    picture_bits: Bits
    """(256,) of the whole picture."""
    person_bits: Bits
    """(256,) of the person's box; of the whole picture where there is none."""

    def numbers(self) -> dict[str, float]:
        """The measures that are compared with limits, by name."""
        person = self.person
        return {
            "short_side": float(min(self.original_size)),
            "sharpness": round(self.sharpness, 4),
            "person_share": round(person.share, 4),
            "joints": round(person.joints, 3),
            "second_body": round(person.second_body, 3),
            "second_face": round(person.second_face, 4),
            "side_cut": round(person.side_cut, 3),
            "top_cut": round(person.top_cut, 3),
            "bright": round(person.bright, 3),
            "clipped": round(person.clipped, 3),
        }


def measure_photo(
    image: Image.Image, original_size: tuple[int, int], person: PersonMeasures
) -> PhotoMeasures:
    """Measure a decoded photo.

    Args:
        image: upright, RGB.
        original_size: width and height as stored in the file.
        person: what was seen in it.
    """
    small = image.convert("L")
    small.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    left, top, right, bottom = person.box
    width, height = small.size
    box = (round(left * width), round(top * height), round(right * width), round(bottom * height))
    has_person = min(box[2] - box[0], box[3] - box[1]) >= _LEAST_CROP
    subject = small.crop(box) if has_person else small
    return PhotoMeasures(
        original_size=original_size,
        sharpness=sharpness(to_grey(subject)),
        person=person,
        picture_bits=difference_hash(small),
        person_bits=difference_hash(subject),
    )


def to_grey(image: Image.Image) -> Grey:
    """(H, W) brightness 0..1 of a picture of mode L."""
    return np.asarray(image, np.float32) / np.float32(255)


def difference_hash(image: Image.Image) -> Bits:
    """(256,) bits: whether each cell of a 16 × 17 grid is brighter than its left neighbour."""
    grid = np.asarray(image.convert("L").resize((17, 16), Image.Resampling.BOX), np.int16)
    return (grid[:, 1:] > grid[:, :-1]).ravel()


def bits_apart(first: PhotoMeasures, second: PhotoMeasures) -> tuple[int, int]:
    """Differing bits of two photos: of the whole pictures, and of the people in them."""
    return (
        int((first.picture_bits != second.picture_bits).sum()),
        int((first.person_bits != second.person_bits).sum()),
    )
