"""What the ablation's numbers mean."""

import numpy as np
import pytest

from album2avatar.evaluation.held_out_albums import make_album
from album2avatar.evaluation.personalization_ablation import (
    BASELINE,
    WHOLE,
    markdown_table,
    settings_of,
)
from album2avatar.evaluation.personalization_runs import (
    RunResult,
    color_differences,
    count_leaks,
)

RED, BLUE, DARK_RED = (
    np.array([0.8, 0.1, 0.1]),
    np.array([0.1, 0.2, 0.8]),
    np.array([0.7, 0.1, 0.1]),
)


def result(variant: str, difference: float, leaks: tuple[int, int]) -> RunResult:
    return RunResult(
        person=0, seed=0, variant=variant, seconds=3.0,
        color_differences={"top": difference, "skin": 2 * difference}, shown={"top": (3, 4)},
        views=(1, 2), framings=(2, 2), leaks=leaks, album_loss=0.2, unseen_loss=0.25,
        others_loss=0.1, normals_loss=0.1,
    )  # fmt: skip


def test_a_leak_is_a_garment_that_looks_more_like_another_of_the_album():
    truth = {"top": RED, "bottom": BLUE}
    assert count_leaks([{"top": RED, "bottom": BLUE}], truth) == (0, 2)
    assert count_leaks([{"top": BLUE, "bottom": BLUE}], truth) == (1, 2)
    assert count_leaks([{"top": BLUE, "bottom": RED}, {"top": RED}], truth) == (2, 3)


def test_garments_of_one_colour_and_what_is_no_garment_cannot_leak():
    assert count_leaks([{"top": RED}], {"top": DARK_RED, "bottom": RED}) == (0, 0)
    assert count_leaks([{"top": BLUE}], {"top": RED, "hair": BLUE}) == (0, 0)


def test_a_colour_is_off_by_the_median_over_the_samples_that_show_it():
    samples = [{"top": RED}, {"top": BLUE}, {}, {"top": RED}]
    differences = color_differences(samples, {"top": RED, "shoes": BLUE})
    assert differences == {"top": pytest.approx(0.0)}


def test_the_table_has_a_row_for_each_variant():
    table = markdown_table([result(BASELINE, 40.0, (2, 4)), result(WHOLE, 10.0, (0, 4))])
    rows = table.splitlines()[2:]
    assert rows[0].startswith(
        f"| {BASELINE} | 1 | 60.0 | 40.0 | 75% | 50% | 100% | 50.0% | +0.0500"
    )
    assert rows[1].startswith(f"| {WHOLE} | 1 | 15.0 | 10.0 |")


def test_a_variant_differs_from_the_preset_by_its_term_alone():
    whole = settings_of("quick", WHOLE, 3)
    without = settings_of("quick", "no class pictures", 3)
    assert without.personalization.class_weight == 0.0
    restored = without.personalization.model_copy(update={"class_weight": 1.0})
    assert restored == whole.personalization


def test_a_held_out_album_is_labelled_as_a_true_segmentation_would():
    album = make_album(0)
    assert len(album.photos) == len(album.unseen) == 12
    for photo in (*album.photos, *album.unseen):
        assert photo.mask.shape == photo.image.shape[:2]
        assert photo.mask.max() <= len(album.table.assets)
    tokens = [asset.token for asset in album.table.assets]
    assert len(set(tokens)) == len(tokens)
    for first, second in zip(album.photos, album.unseen, strict=True):
        assert not np.array_equal(first.image, second.image)
        assert first.labels.framing == second.labels.framing
