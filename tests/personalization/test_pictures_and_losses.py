"""What the prior is shown, told, and where its errors count."""

import numpy as np
import pytest
import torch

from album2avatar.assets import FRAMINGS, Asset, PhotoLabels
from album2avatar.personalization.crops import Crop, cut, find_crops
from album2avatar.personalization.losses import masked_loss
from album2avatar.personalization.pictures import (
    MaskedPhoto,
    asset_colors,
    cut_pictures,
    dilated,
    encode_pictures,
)
from album2avatar.personalization.preservation import plan_class_pictures
from album2avatar.personalization.stage import load_photos
from album2avatar.personalization.unions import sample_union, union_mask
from album2avatar.prior.colors import nearest_color_word

ASSETS = [
    Asset(kind="face", name="face", token="<asset0>"),
    Asset(kind="hair", name="hair", token="<asset1>"),
    Asset(kind="top", name="t-shirt", token="<asset2>"),
    Asset(kind="bottom", name="trousers", token="<asset3>"),
]


def test_unions_name_visible_assets_only_and_all_of_them_at_times():
    visible = (0, 2, 3)
    drawn = [sample_union(visible, ASSETS, 0.0, np.random.default_rng(seed)) for seed in range(300)]
    assert all(union and set(union) <= set(visible) for union in drawn)
    assert len(set(drawn)) == 7  # every non-empty subset of three
    single = [union[0] for union in drawn if len(union) == 1]
    assert single.count(0) / len(single) == pytest.approx(3 / 5, abs=0.12)


def test_unions_can_be_asked_to_name_the_whole_person():
    for seed in range(20):
        assert sample_union((1, 3), ASSETS, 1.0, np.random.default_rng(seed)) == (1, 3)


def test_assets_count_by_the_root_of_their_area_and_a_background_by_all_of_it():
    """Sixteen places of trousers and one of shoes: 17 together, 4 to 1 among them."""
    masks = torch.zeros(3, 8, 8)
    masks[0, :4, :4] = 1.0
    masks[1, 7, 7] = 1.0
    masks[2, 0, 5:] = 1.0  # visible, but not named
    background = torch.zeros(8, 8)
    background[5:, :3] = 1.0
    weights = union_mask(masks, (0, 1), background)
    trousers, shoes = weights[:4, :4].sum(), weights[7, 7]
    torch.testing.assert_close(trousers + shoes, torch.tensor(17.0))
    torch.testing.assert_close(trousers / shoes, torch.tensor(4.0))
    assert torch.equal(weights[5:, :3], torch.ones(3, 3))
    assert weights[0, 5:].max() == 0
    hidden = union_mask(masks, (1,), torch.zeros(8, 8))
    torch.testing.assert_close(hidden, masks[1])


def test_what_lies_outside_the_mask_has_no_influence():
    generator = torch.Generator().manual_seed(0)
    noise, predicted = torch.randn(2, 3, 4, 8, 8, generator=generator)
    masks = torch.zeros(3, 8, 8)
    masks[:, 2:5, 3:6] = 1.0
    elsewhere = predicted + 100 * torch.randn(3, 4, 8, 8, generator=generator) * (
        1 - masks[:, None]
    )
    loss = masked_loss(predicted, noise, masks)
    assert torch.equal(loss, masked_loss(elsewhere, noise, masks))
    inside = (predicted - noise)[:, :, 2:5, 3:6].square().mean()
    torch.testing.assert_close(loss, inside)


def full_body_labels(**keypoints: tuple[float, float]) -> PhotoLabels:
    return PhotoLabels(
        photo="p",
        view="front",
        framing="full body",
        keypoints={name: (x, y, 1.0) for name, (x, y) in keypoints.items()},
    )


def synthetic_body() -> tuple[PhotoLabels, np.ndarray]:
    """An adult of 1.72 m at 250 pixels a metre, feet at row 480."""
    mask = np.zeros((512, 512), np.uint8)
    mask[50:480, 200:312] = 1
    labels = full_body_labels(
        head=(256, 50 + 0.155 * 250),
        neck=(256, 50 + 0.26 * 250),
        pelvis=(256, 50 + 0.81 * 250),
        left_ankle=(280, 480 - 0.075 * 250),
        right_ankle=(232, 480 - 0.075 * 250),
    )
    return labels, mask


def test_close_ups_have_the_size_of_the_framings_that_the_prior_knows():
    crops = {crop.framing: crop for crop in find_crops(*synthetic_body(), 64)}
    assert set(crops) == set(FRAMINGS)
    metres = {framing: crop.side / 250 for framing, crop in crops.items()}
    assert 1.06 <= metres["full body"] / 1.72 <= 1.18
    assert 0.46 <= metres["upper body"] / 1.72 <= 0.56
    assert 0.54 <= metres["lower body"] / 1.72 <= 0.62
    assert 0.36 <= metres["head close-up"] <= 0.48
    upper, lower, head = (crops[name] for name in FRAMINGS[1:])
    assert upper.centre[1] - upper.side / 2 < 50 < upper.centre[1]  # the crown is in the frame
    assert lower.centre[1] < 480 < lower.centre[1] + lower.side / 2  # and so are the soles
    assert head.centre[1] - head.side / 2 < 50 < head.centre[1]


def test_close_ups_too_small_for_the_prior_are_left_out():
    framings = [crop.framing for crop in find_crops(*synthetic_body(), 512)]
    assert framings == ["full body"]


def test_a_crop_beyond_the_photo_keeps_its_scale_and_shows_no_asset_there():
    picture = np.zeros((40, 40), np.uint8)
    picture[:, 20:] = 200
    crop = Crop(centre=(40.0, 20.0), side=40.0, framing="full body")
    assert np.array_equal(
        cut(picture, crop, 40, "constant")[0], np.repeat([200, 0], 20).astype(np.uint8)
    )


def test_plain_backgrounds_are_what_the_prompt_says(prior, workspace, table):
    photos = load_photos(workspace, table)
    pictures = cut_pictures(photos, 4, prior.image_size, plain_copies=2, seed=0)
    assert [p.background is None for p in pictures] == [True, False, False] * 2
    for picture in pictures:
        corner = picture.image[0, 0]
        if picture.background is None:
            assert corner.tolist() == [200, 200, 200]
        else:
            assert nearest_color_word("top", corner) == picture.background


def test_masks_and_visibility_follow_the_pictures(prior, workspace, table):
    photos = load_photos(workspace, table)
    cuts = cut_pictures(photos, 4, prior.image_size, plain_copies=1, seed=0)
    pictures = encode_pictures(prior, cuts, lambda: None)
    assert pictures.latents.shape == (4, 4, 8, 8)
    assert pictures.visible[0] == (0, 1, 2, 3)
    assert pictures.visible[2] == (0, 1, 2)  # the second photo shows no trousers
    assert pictures.masks[2, 3].max() == 0
    assert pictures.backgrounds[0].max() == 0  # the photo's own background has no name
    assert pictures.backgrounds[1].max() == 1
    named = union_mask(pictures.masks[0], (2,), pictures.backgrounds[0])
    assert torch.equal(named > 0, pictures.masks[0, 2] > 0)


def test_dilation_grows_a_mask_by_a_64th_of_the_picture():
    coverage = torch.zeros(1, 1, 128, 128)
    coverage[0, 0, 60:70, 60:70] = 1.0
    grown = dilated(coverage)[0, 0]
    assert grown.sum() == 14 * 14


def test_an_asset_has_its_median_colour_over_all_photos():
    image = np.full((4, 4, 3), 10, np.uint8)
    mask = np.zeros((4, 4), np.uint8)
    mask[:2] = 1
    image[:2] = (200, 30, 30)
    image[0, 0] = (0, 0, 255)  # an outlier
    labels = full_body_labels()
    colors = asset_colors([MaskedPhoto(labels, image, mask)], 2)
    assert colors[0] is not None
    assert colors[0].tolist() == [200, 30, 30]
    assert colors[1] is None


def test_class_pictures_are_sampled_without_tokens_and_normal_maps_trained_with_them():
    plans = plan_class_pictures("woman", ASSETS, 40, seed=1)
    assert all("<asset" not in plan.sampled_as for plan in plans)
    normals = [plan for plan in plans if plan.sampled_as.startswith("a normal map of")]
    assert len(normals) == 20
    for plan in normals:
        assert "<asset2> t-shirt" in plan.trained_as
        assert ("<asset3>" in plan.trained_as) == ("trousers" in plan.sampled_as)
    photos = [plan for plan in plans if plan not in normals]
    assert all(plan.trained_as == plan.sampled_as for plan in photos)
    for framing in FRAMINGS:
        assert any(framing in plan.sampled_as for plan in normals)
    assert not any("trousers" in p.sampled_as for p in plans if "head close-up" in p.sampled_as)
