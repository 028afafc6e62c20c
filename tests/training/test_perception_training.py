"""Training repeats itself after an interruption; pictures and truth change together."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.perception.network import NetworkConfig
from album2avatar.perception.vocabulary import ATTRIBUTES
from album2avatar.seeding import torch_generator
from album2avatar.training import perception as perception_training
from album2avatar.training.loop import Loop, RateSchedule
from album2avatar.training.perception import Part, draw_batch, train_perception
from album2avatar.training.perception_augmentation import (
    compress,
    flip_some,
    hide_unseen,
    place,
    random_placement,
)
from album2avatar.training.perception_data import UNKNOWN, Batch, PeopleDataset

GARMENTS = ("outerwear", "dress", "top", "bottom", "shoes", "headwear")


def record(view: str) -> dict:
    person = {"skin": "tan", "hair": "bald", "hair_color": None, "glasses": None}
    for garment in GARMENTS:
        person |= {garment: None, f"{garment}_pattern": None}
    person |= {"top": "sweater", "top_pattern": "striped", "shoes": "bare feet"}
    return {"view": view, "framing": "upper body", "subject": "man", "attributes": person}


@pytest.fixture
def dataset(tmp_path):
    """Six pictures of a red box with its corners as keypoints."""
    count, size = 6, 32
    draw = np.random.default_rng(0)
    images = np.full((count, size, size, 3), 40, np.uint8)
    labels = np.zeros((count, size, size), np.uint8)
    keypoints = np.zeros((count, len(KEYPOINTS), 3), np.float32)
    for row in range(count):
        left, top = draw.integers(4, 12, 2)
        images[row, top : top + 14, left : left + 9] = (220, 30, 30)
        labels[row, top : top + 14, left : left + 9] = PIXEL_CLASSES.index("top")
        keypoints[row] = (left + 4.5, top + 7, 1)
    folder = tmp_path / "people"
    folder.mkdir()
    np.save(folder / "images.npy", images)
    np.save(folder / "labels.npy", labels)
    np.save(folder / "keypoints.npy", keypoints)
    lines = [json.dumps(record("left side" if row % 2 else "back")) for row in range(count)]
    (folder / "records.jsonl").write_text("\n".join(lines) + "\n")
    return PeopleDataset(folder)


def test_a_resumed_run_equals_an_uninterrupted_one(dataset, tmp_path, monkeypatch):
    small = NetworkConfig(PIXEL_CLASSES, KEYPOINTS, ATTRIBUTES, 32, (8, 8, 16, 16))
    monkeypatch.setattr(perception_training, "NETWORK", small)

    def go(name: str, steps: int) -> dict:
        parts = [Part(dataset, 2, 3), Part(dataset, 4, 2)]
        schedule = RateSchedule(steps, peak=1e-3, rise_steps=3)
        loop = Loop(schedule, tmp_path / f"{name}.safetensors", save_every=2)
        train_perception(parts, loop, tmp_path / name, seed=3)
        return load_file(tmp_path / name / "network.safetensors")

    whole = go("whole", 6)
    train_interrupted(go, stop_after=4)
    halves = go("halves", 6)
    assert whole.keys() == halves.keys()
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


def train_interrupted(go, stop_after: int) -> None:
    """Run to a step on the long run's schedule, as a killed process would have."""
    original = RateSchedule.at
    steps_of_long_run = 6

    def at(self, step: int) -> float:
        return original(RateSchedule(steps_of_long_run, self.peak, self.rise_steps), step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(RateSchedule, "at", at)
        go("halves", stop_after)


def test_the_batch_of_a_step_is_always_the_same(dataset):
    parts = [Part(dataset, 2, 3), Part(dataset, 4, 2)]
    first, again = draw_batch(parts, 3, seed=0), draw_batch(parts, 3, seed=0)
    assert torch.equal(first.images, again.images)
    assert len(first.images) == 2
    with pytest.raises(IndexError, match="6"):
        draw_batch(parts, 6, seed=0)


def test_words_come_from_the_records(dataset):
    words = dataset.batch([0, 1]).attributes
    assert words["view"].tolist() == [3, 1]
    assert words["upper pattern"].tolist() == [1, 1]
    for name in ("hair colour", "shoes", "bottom", "lower pattern", "glasses"):
        assert words[name].tolist() == [UNKNOWN, UNKNOWN]


def test_keypoints_follow_what_they_lie_on(dataset):
    """The keypoint is the box's middle; after every change it must still be."""
    for step in range(20):
        batch = flip_some(dataset.batch(range(6)), torch_generator(step, "flip"))
        placement = random_placement(batch, torch_generator(step, "place"))
        placed, person, _ = place(batch, placement)
        for index in range(6):
            box = person[index, 0] > 0.5
            touches = box[0].any() or box[-1].any() or box[:, 0].any() or box[:, -1].any()
            if touches or not box.any():
                continue
            rows, columns = torch.nonzero(box, as_tuple=True)
            middle = torch.stack([columns, rows], -1).float().mean(0) + 0.5
            torch.testing.assert_close(placed.keypoints[index, 0, :2], middle, atol=0.5, rtol=0)
            labelled = placed.labels[index] > 0
            assert (labelled ^ box).float().mean() < 0.03


def test_a_mirrored_left_side_is_a_right_side(dataset):
    batch = dataset.batch([1] * 40)
    flipped = flip_some(batch, torch_generator(0, "flip"))
    is_flipped = (flipped.images != batch.images).flatten(1).any(1)
    assert 5 < int(is_flipped.sum()) < 35
    assert torch.equal(flipped.attributes["view"], torch.where(is_flipped, 2, 1))


def test_words_of_what_is_out_of_the_picture_are_not_taught():
    count = len(ATTRIBUTES)
    batch = Batch(
        images=torch.zeros(1, 3, 16, 16),
        labels=torch.zeros(1, 16, 16, dtype=torch.int64),
        keypoints=torch.zeros(1, len(KEYPOINTS), 3),
        attributes={name: torch.zeros(1, dtype=torch.int64) for name in ATTRIBUTES},
    )
    batch.labels[0, :4, :4] = PIXEL_CLASSES.index("top")
    known = {name for name, value in hide_unseen(batch).attributes.items() if value[0] != UNKNOWN}
    assert known == {"view", "framing", "subject", "top", "upper pattern"}
    assert len(known) < count


def test_compression_keeps_flat_pictures_and_spoils_fine_ones():
    flat = torch.full((1, 3, 16, 16), 0.5)
    step = torch.full((1, 1, 1, 1), 0.05)
    torch.testing.assert_close(compress(flat, step), flat, atol=0.01, rtol=0)
    fine = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    assert 0.01 < float((compress(fine, step) - fine).abs().mean()) < 0.3
