"""What is said of a photo, by its numbers alone; and which photos fall where."""

from dataclasses import replace

import numpy as np
import pytest

from album2avatar.album.judging import find_flaws, find_twin
from album2avatar.album.person import largest_islands, measure_person
from album2avatar.album.quality import PhotoMeasures
from album2avatar.album_report import PhotoReport, funnel
from album2avatar.assets import PIXEL_CLASSES
from seen_people import ONE_PERSON, seen

BITS = np.zeros(256, bool)
GOOD = PhotoMeasures((800, 1000), 0.3, ONE_PERSON, BITS, BITS)


def other_bits(count: int) -> np.ndarray:
    return np.arange(256) < count


def test_a_good_photo_has_no_flaw():
    assert find_flaws(GOOD) == ()


@pytest.mark.parametrize(
    ("measures", "flaw", "words"),
    [
        (replace(GOOD, original_size=(200, 900)), "small", "200 × 900 pixels"),
        (replace(GOOD, sharpness=0.01), "blurred", "blurred"),
        (replace(GOOD, person=seen(bright=0.1)), "dark", "dark"),
        (replace(GOOD, person=seen(clipped=0.6)), "overexposed", "colours are lost"),
        (replace(GOOD, person=seen(share=0.001)), "nobody", "No person"),
        (replace(GOOD, person=seen(joints=0.05)), "nobody", "No person"),
        (replace(GOOD, person=seen(second_body=0.8)), "several", "second person"),
        (replace(GOOD, person=seen(second_face=0.03)), "several", "second person"),
        (replace(GOOD, person=seen(side_cut=0.9)), "cut", "at the side"),
        (replace(GOOD, person=seen(top_cut=0.9)), "cut", "head"),
    ],
)
def test_each_flaw_is_found_and_said(measures, flaw, words):
    (found,) = find_flaws(measures)
    assert found.flaw == flaw
    assert words in found.sentence


def test_close_ups_and_legs_are_cut_on_purpose():
    assert find_flaws(replace(GOOD, person=seen(side_cut=0.6, framing="head close-up"))) == ()
    assert find_flaws(replace(GOOD, person=seen(top_cut=0.9, framing="lower body"))) == ()


def test_twins_are_the_same_as_a_whole_and_as_a_person():
    """A person who moves before a camera that stands still is no twin."""
    others = [("first.jpg", GOOD)]
    found = find_twin(replace(GOOD, picture_bits=other_bits(5)), others)
    assert found is not None
    assert "first.jpg" in found.sentence
    assert find_twin(replace(GOOD, picture_bits=other_bits(60)), others) is None
    assert find_twin(replace(GOOD, person_bits=other_bits(60)), others) is None


def test_the_person_is_measured_where_the_labels_say():
    labels = np.zeros((100, 100), np.uint8)
    labels[10:90, 0:20] = PIXEL_CLASSES.index("top")
    labels[10:20, 5:15] = PIXEL_CLASSES.index("face")
    labels[40:60, 70:80] = PIXEL_CLASSES.index("top")
    pixels = np.full((100, 100, 3), 40, np.uint8)
    pixels[10:50, 0:20] = 255
    found = measure_person(pixels, labels, 0.8, "full body")
    assert found.share == pytest.approx(0.18)
    assert found.second_body == pytest.approx(200 / 1600)
    assert found.second_face == 0
    assert found.side_cut == 1
    assert found.top_cut == 0
    assert found.clipped == pytest.approx(800 / 1800)
    assert found.box == (0.0, 0.1, 0.2, 0.9)


def test_nobody_is_measured_too():
    empty = np.zeros((20, 30), np.uint8)
    found = measure_person(np.zeros((20, 30, 3), np.uint8), empty, 0.0, "full body")
    assert (found.share, found.side_cut, found.box) == (0.0, 0.0, (0.0, 0.0, 0.0, 0.0))


def test_islands_are_ranked_by_area():
    mask = np.zeros((5, 9), bool)
    mask[0, 0] = mask[2:4, 2:4] = mask[0:3, 6:9] = True
    ranks, areas = largest_islands(mask)
    assert areas == [9, 4, 1]
    assert (ranks[1, 7], ranks[3, 3], ranks[0, 0], ranks[4, 8]) == (1, 2, 3, 0)


def report(name: str, *rejections, choice="") -> PhotoReport:
    verdict = "rejected" if rejections else "good"
    return PhotoReport(
        id=name, name=f"{name}.jpg", verdict=verdict, rejections=rejections, choice=choice
    )


def test_a_photo_falls_at_the_first_step_that_speaks_against_it():
    photos = [
        report("good"),
        report("broken", "unreadable"),
        report("small_and_blurred", "small", "blurred"),
        report("twin", "twin"),
        report("crowd", "several"),
        report("kept", "blurred", choice="kept"),
        report("disliked", choice="left out"),
        report("kept_but_broken", "unreadable", choice="kept"),
    ]
    counts = {row.step: row.count for row in funnel(photos)}
    assert counts == {
        "found": 8,
        "can be read": 6,
        "big enough": 5,
        "sharp": 5,
        "well exposed": 5,
        "no twins": 4,
        "one person": 3,
        "used": 2,
    }
