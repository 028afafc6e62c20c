"""Many photos, one wardrobe: what is kept, what it is called, whose pixel it is."""

import numpy as np
import pytest
import torch

from album2avatar.asset_table import KIND_ORDER
from album2avatar.segmentation.merging import (
    choose_kinds,
    label_pixels,
    mask_areas,
    name_assets,
    person_pixels,
)
from album2avatar.segmentation.provider import AssetMask


def box(kind, rows, columns, sure=1.0, names=None, size=40):
    mask = torch.zeros(size, size)
    mask[slice(*rows), slice(*columns)] = sure
    return AssetMask(kind, names or {kind: 1.0}, mask)


def value(kind):
    return KIND_ORDER.index(kind) + 1


def test_a_pixel_belongs_to_the_surer_mask_and_ties_to_what_is_worn_over():
    top, coat = box("top", (0, 40), (0, 40)), box("outerwear", (10, 40), (0, 40))
    labels = label_pixels([top, coat], asset_share_min=0.001)
    assert (labels[:10] == value("top")).all()
    assert (labels[10:] == value("outerwear")).all()
    unsure = label_pixels([top, box("outerwear", (10, 40), (0, 40), sure=0.7)], 0.001)
    assert (unsure == value("top")).all()


def test_masks_that_are_sure_together_make_a_person():
    """At a seam no garment is surer than half, and still nobody is seen through."""
    parts = [box("top", (0, 20), (5, 35), 0.45), box("skin", (0, 20), (5, 35), 0.35)]
    labels = label_pixels(parts, asset_share_min=0.001)
    assert (labels[:20, 5:35] == value("top")).all()
    assert (labels[20:] == 0).all()


def test_a_tiny_mask_leaves_its_pixels_to_the_next():
    face = box("face", (0, 30), (0, 30), 0.4)
    glasses = box("glasses", (5, 6), (5, 6), 0.6)
    assert (label_pixels([face, glasses], 0.0) == value("glasses")).sum() == 1
    whole = box("face", (0, 30), (0, 30), 1.0)
    labels = label_pixels([whole, glasses], asset_share_min=0.01)
    assert (labels[:30, :30] == value("face")).all()


def test_a_pixel_that_no_kept_mask_knows_is_its_neighbours():
    """What stands first in the order of precedence isn't everywhere where nothing is known."""
    hat, face = box("headwear", (0, 10), (10, 30)), box("face", (10, 40), (10, 30))
    speck = box("hair", (38, 39), (12, 14))
    face.mask[38, 12:14] = 0.0
    labels = label_pixels([hat, face, speck], asset_share_min=0.01)
    assert (labels[10:40, 10:30] == value("face")).all()
    assert (labels[:10, 10:30] == value("headwear")).all()


def test_islands_and_pinholes_are_removed_and_arms_kept():
    certainty = np.zeros((50, 50), np.float32)
    certainty[5:45, 10:30] = 1.0
    certainty[20:26, 35:40] = 0.8  # a hand behind a bag
    certainty[1, 48] = 0.9
    certainty[20, 20] = 0.0
    clean = person_pixels(certainty)
    assert clean[22, 37]
    assert clean[20, 20]
    assert not clean[1, 48]
    assert clean.sum() == 40 * 20 + 6 * 5


def test_one_sees_through_below_an_arm_and_not_through_a_patch_that_is_unsure():
    certainty = np.ones((100, 100), np.float32)
    certainty[10:18, 10:18] = 0.0
    certainty[50:58, 50:58] = 0.4
    person = person_pixels(certainty)
    assert not person[10:18, 10:18].any()
    assert person.sum() == 100 * 100 - 8 * 8


@pytest.mark.parametrize(
    ("photos", "kinds"),
    [
        # A dress that looked like top and bottom in one photo of three.
        ([{"dress": 0.2}, {"dress": 0.3}, {"top": 0.1, "bottom": 0.1}], ["dress"]),
        # Edges of a skirt that looked like a dress.
        ([{"top": 0.1, "bottom": 0.2, "dress": 0.02}] * 3, ["top", "bottom"]),
        # A jacket over a t-shirt that only the front shows.
        ([{"outerwear": 0.2}, {"outerwear": 0.15, "top": 0.05}], ["top", "outerwear"]),
        # A sweater with some pixels of coat.
        ([{"top": 0.3, "outerwear": 0.01}] * 3, ["top"]),
        # A closed coat with some pixels of top.
        ([{"top": 0.002, "outerwear": 0.3}] * 3, ["outerwear"]),
        # A hat in one photo of eleven.
        ([{"hair": 0.1}] * 10 + [{"hair": 0.1, "headwear": 0.05}], ["hair"]),
        ([{"headwear": 0.05}], ["headwear"]),
        ([{"glasses": 0.0005}], []),
    ],
)
def test_the_album_decides_what_is_worn(photos, kinds):
    assert choose_kinds(photos, leave_out=(), asset_share_min=0.001) == kinds


def test_what_the_artist_leaves_out_is_left_out():
    photos = [{"face": 0.1, "glasses": 0.01, "top": 0.3}]
    assert choose_kinds(photos, leave_out=("glasses",), asset_share_min=0.001) == ["face", "top"]


def test_names_are_voted_by_the_area_that_a_photo_shows():
    close = [box("hair", (0, 30), (0, 30), names={"long hair": 0.7, "short hair": 0.3})]
    far = [box("hair", (0, 4), (0, 4), names={"long hair": 0.1, "short hair": 0.9})]
    masks = [close, far, far]
    areas = [mask_areas(photo) for photo in masks]
    (asset,) = name_assets(["hair"], masks, areas)
    assert (asset.name, asset.token) == ("long hair", "<asset0>")


def test_tokens_follow_the_order_of_kinds():
    masks = [[box("shoes", (0, 9), (0, 9)), box("face", (10, 19), (0, 9))]]
    assets = name_assets(["face", "shoes"], masks, [mask_areas(masks[0])])
    assert [(asset.kind, asset.token) for asset in assets] == [
        ("face", "<asset0>"),
        ("shoes", "<asset1>"),
    ]
