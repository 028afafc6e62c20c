"""Whose pixel it is, on masks that are known."""

import pytest
import torch

from album2avatar.asset_table import KIND_ORDER
from album2avatar.segmentation.grounded_sam.phrases import (
    GARMENT_WORDS,
    KIND_PHRASES,
    NAMED_BY_KIND,
    detection_phrases,
)
from album2avatar.segmentation.grounded_sam.rules import (
    covers_person,
    find_person,
    name_boxes,
    near_person,
    settle_pixels,
)

SIZE = 100
PHRASES = ("person", "hair", "shirt", "jacket")


def area(rows, columns):
    mask = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    mask[slice(*rows), slice(*columns)] = True
    return mask


def settle(share_min=0.001, sureness=None, **masks):
    return settle_pixels(masks, dict.fromkeys(masks, 0.5) | (sureness or {}), share_min)


def test_every_kind_is_asked_for_and_every_phrase_means_one_kind():
    phrases = detection_phrases()
    assert set(KIND_PHRASES) == set(KIND_ORDER)
    assert len(set(phrases)) == len(phrases)
    assert all("." not in phrase and phrase == phrase.lower() for phrase in phrases)


def test_the_tagger_knows_names_of_one_to_three_words_for_all_that_is_worn():
    assert set(GARMENT_WORDS) == set(KIND_ORDER) - set(NAMED_BY_KIND)
    assert all(1 <= len(word.split()) <= 3 for words in GARMENT_WORDS.values() for word in words)


def test_the_face_ends_where_hair_begins():
    face, hair = area((10, 40), (30, 70)), area((0, 20), (20, 80))
    settled = settle(face=face, hair=hair)
    assert torch.equal(settled["face"], area((20, 40), (30, 70)))
    assert torch.equal(settled["hair"], hair)


def test_no_pixel_belongs_to_two():
    torch.manual_seed(0)
    masks = {kind: torch.rand(SIZE, SIZE) > 0.6 for kind in KIND_ORDER}
    settled = settle(**masks)
    owners = torch.stack(list(settled.values())).sum(0)
    anyone = torch.stack(list(masks.values())).any(0)
    assert torch.equal(owners, anyone.long())


def test_a_bag_lies_on_the_coat_and_the_shirt_in_it():
    coat, bag, top = area((20, 80), (20, 80)), area((50, 70), (60, 90)), area((20, 50), (45, 55))
    settled = settle(outerwear=coat, bag=bag, top=top)
    assert torch.equal(settled["bag"], bag)
    assert torch.equal(settled["top"], top)
    assert torch.equal(settled["outerwear"], coat & ~bag & ~top)


def test_skin_is_what_nothing_else_covers_however_sure_or_small():
    sleeve, arm = area((20, 60), (20, 80)), area((30, 70), (20, 30))
    settled = settle(top=sleeve, skin=arm, sureness={"skin": 0.99})
    assert torch.equal(settled["top"], sleeve)
    assert torch.equal(settled["skin"], area((60, 70), (20, 30)))
    legs = area((50, 90), (30, 70))
    assert list(settle(bottom=legs, skin=legs, sureness={"skin": 0.99})) == ["bottom"]


def test_one_garment_under_two_words_has_the_surer_one():
    coat, dress = area((20, 80), (20, 80)), area((20, 80), (20, 78))
    settled = settle(outerwear=coat, dress=dress, sureness={"dress": 0.4, "outerwear": 0.6})
    assert list(settled) == ["outerwear"]
    assert torch.equal(settled["outerwear"], coat)


@pytest.mark.parametrize(("side", "stays"), [(3, False), (4, True)])
def test_specks_below_a_thousandth_of_the_photo_are_dropped(side, stays):
    settled = settle(top=area((20, 80), (20, 80)), glasses=area((0, side), (0, 3)))
    assert ("glasses" in settled) == stays


def test_a_mask_of_nine_tenths_of_the_person_is_the_person():
    person = area((0, 100), (0, 50))
    masks = torch.stack([area((0, 90), (0, 50)), area((0, 89), (0, 50)), area((0, 100), (50, 100))])
    assert covers_person(masks, person, 0.9).tolist() == [True, False, False]


def test_a_box_has_the_surest_phrase_of_the_kinds_that_are_asked_for():
    scores = torch.tensor([[0.9, 0.1, 0.4, 0.5], [0.2, 0.24, 0.2, 0.1]])
    (naming,) = name_boxes(scores, PHRASES, KIND_ORDER, 0.25)
    assert (naming.box, naming.kind, naming.phrase) == (0, "outerwear", "jacket")
    assert naming.score == pytest.approx(0.5)
    (naming,) = name_boxes(scores, PHRASES, ("top", "hair"), 0.25)
    assert (naming.kind, naming.phrase) == ("top", "shirt")
    assert name_boxes(scores, PHRASES, ("hair",), 0.25) == []


def test_the_person_is_the_large_one_and_what_others_wear_is_left_out():
    boxes = torch.tensor(
        [[10.0, 10, 20, 30], [30, 10, 90, 90], [12, 12, 18, 20], [40, 20, 80, 50], [0, 0, 99, 99]]
    )
    scores = torch.tensor(
        [[0.9, 0, 0, 0], [0.6, 0, 0, 0], [0, 0, 0.9, 0], [0, 0, 0.9, 0], [0.2, 0, 0, 0]]
    )
    assert find_person(boxes, scores, PHRASES, 0.25) == 1
    assert near_person(boxes, 1).tolist() == [False, True, False, True, False]
    assert find_person(boxes, scores, PHRASES, 0.95) is None
    assert find_person(boxes[:0], scores[:0], PHRASES, 0.25) is None
