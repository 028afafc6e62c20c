"""Both hands are looked for in two places."""

import torch

from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.perception.heatmaps import find_keypoints, heatmap_targets
from album2avatar.perception.pairs import part_pairs

LEFT, RIGHT = KEYPOINTS.index("left_hand"), KEYPOINTS.index("right_hand")


def scores(places: torch.Tensor) -> torch.Tensor:
    """(K, 64, 64) logits of keypoints (K, 2) that are surely there."""
    points = torch.cat([places, torch.ones(len(places), 1)], 1)[None]
    return heatmap_targets(points, 64, 1.2)[0, :, :-1].clamp(min=1e-9).log().view(-1, 64, 64)


def spread() -> torch.Tensor:
    """(K, 2) places that are all apart."""
    index = torch.arange(len(KEYPOINTS))
    return torch.stack([8.5 + 10 * (index % 5), 8.5 + 10 * (index // 5)], 1).float()


def parted(heatmaps: torch.Tensor) -> torch.Tensor:
    absent = torch.full((1, len(KEYPOINTS)), -20.0)
    found = find_keypoints(heatmaps[None], absent)[0]
    return find_keypoints(part_pairs(heatmaps, found, KEYPOINTS)[None], absent)[0]


def test_the_less_sure_hand_goes_to_its_second_place():
    here, there = torch.tensor([20.5, 30.5]), torch.tensor([50.5, 40.5])
    places = spread()
    places[LEFT] = places[RIGHT] = here
    heatmaps = scores(places)
    elsewhere = places.clone()
    elsewhere[RIGHT] = there
    mixed = torch.logaddexp(
        heatmaps + torch.tensor(0.6).log(), scores(elsewhere) + torch.tensor(0.4).log()
    )
    heatmaps[RIGHT] = mixed[RIGHT]
    found = parted(heatmaps)
    torch.testing.assert_close(found[LEFT, :2], here, atol=0.1, rtol=0)
    torch.testing.assert_close(found[RIGHT, :2], there, atol=0.1, rtol=0)


def test_joints_that_are_apart_stay_where_they_are():
    heatmaps = scores(spread())
    found = find_keypoints(heatmaps[None], torch.full((1, len(KEYPOINTS)), -20.0))[0]
    assert torch.equal(part_pairs(heatmaps, found, KEYPOINTS), heatmaps)


def test_hips_may_lie_over_each_other():
    places = spread()
    left, right = KEYPOINTS.index("left_hip"), KEYPOINTS.index("right_hip")
    places[left] = places[right]
    found = parted(scores(places))
    torch.testing.assert_close(found[left, :2], found[right, :2])
