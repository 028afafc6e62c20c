"""Every side is looked at equally often, a hero as often as all others."""

import torch

from album2avatar.assets import Framing, PhotoLabels, View
from album2avatar.refine.photo_choice import choose_photos, photo_chances


def label(photo: str, view: View, framing: Framing = "full body") -> PhotoLabels:
    return PhotoLabels(photo=photo, view=view, framing=framing)


def test_ten_selfies_do_not_outvote_one_back():
    labels = [label(f"selfie{i}", "front", "head close-up") for i in range(10)]
    labels += [label("back", "back"), label("front", "front")]
    chances = photo_chances(labels, "")
    assert torch.allclose(chances.sum(), torch.tensor(1.0).double())
    assert torch.allclose(chances[10], chances[:10].sum())
    assert torch.allclose(chances[11], chances[10])


def test_a_hero_counts_as_much_as_all_others():
    labels = [label("a", "front"), label("b", "back"), label("c", "front")]
    chances = photo_chances(labels, "c")
    assert chances.tolist() == [1 / 6, 1 / 3, 0.5]
    assert photo_chances([label("c", "front")], "c").tolist() == [1.0]


def test_photos_are_drawn_once_and_as_often_as_they_should():
    chances = photo_chances([label("a", "front"), label("b", "back"), label("c", "front")], "c")
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(3)
    for _ in range(3000):
        drawn = choose_photos(chances, 1, generator)
        counts[drawn] += 1
    assert torch.allclose(counts / 3000, chances.float(), atol=0.03)
    assert choose_photos(chances, 7, generator) == [0, 1, 2]
