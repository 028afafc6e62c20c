"""Faults put into photos of a synthetic person are found by the network and limits that ship."""

from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from album2avatar.album.judging import find_flaws, find_twin
from album2avatar.album.quality import PhotoMeasures, measure_photo
from album2avatar.album.sight import see
from album2avatar.evaluation.faulty_photos import (
    SIZE,
    as_jpeg,
    beside,
    cut,
    empty_room,
    spoil,
    twin_of,
)
from album2avatar.model_folders import find_model
from album2avatar.perception.model import load_perception
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.album import album_pictures
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.pictures import Picture
from album2avatar.synthetic.splits import person_seed


@dataclass(frozen=True)
class Photos:
    """A person from the front, as rendered, and somebody else."""

    person: Picture
    stranger: Picture


@pytest.fixture(scope="module")
def perception():
    return load_perception(find_model("demo-perception"))


@pytest.fixture(scope="module")
def photos() -> Photos:
    first, second = (
        next(picture for _, picture in album_pictures(sample_person(seed), SIZE))
        for seed in (person_seed("held-out", 9001), person_seed("held-out", 9002))
    )
    return Photos(first, second)


@pytest.fixture(scope="module")
def measure(perception):
    def measured(image: Image.Image) -> PhotoMeasures:
        return measure_photo(image, image.size, see(perception, np.asarray(image)))

    return measured


@pytest.mark.parametrize(
    ("fault", "flaw"),
    [
        ("good", None),
        ("blurred", "blurred"),
        ("dark", "dark"),
        ("overexposed", "overexposed"),
        ("small", "small"),
        ("cut at the side", "cut"),
        ("cut through the head", "cut"),
        ("second person", "several"),
        ("nobody", "nobody"),
    ],
)
def test_the_fault_is_found(photos: Photos, measure, fault, flaw):
    generator = numpy_generator(1, fault)
    image = Image.fromarray(photos.person.image)
    if fault.startswith("cut"):
        image = cut(image, photos.person.labels > 0, fault, generator)
    elif fault == "second person":
        image = beside(photos.person, photos.stranger, generator)
    elif fault == "nobody":
        image = empty_room(generator)
    else:
        image = spoil(image, fault, generator)
    found = {finding.flaw for finding in find_flaws(measure(as_jpeg(image, 88)))}
    assert (flaw in found) if flaw else found == set()


def test_a_copy_is_a_twin_and_another_person_in_the_same_place_is_not(photos: Photos, measure):
    generator = numpy_generator(2, "twin")
    image = Image.fromarray(photos.person.image)
    first = [("first.jpg", measure(image))]
    assert find_twin(measure(twin_of(image, generator)), first) is not None
    other = photos.person.image.copy()
    shown = photos.stranger.labels > 0
    other[photos.person.labels > 0] = photos.person.image[2, 2]
    other[shown] = photos.stranger.image[shown]
    assert find_twin(measure(Image.fromarray(other)), first) is None
