"""Positions survive the way into heatmaps and out again."""

import torch

from album2avatar.perception.heatmaps import find_keypoints, heatmap_loss, heatmap_targets


def planted(count: int = 40, size: int = 64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    places = 5 + torch.rand(count, 2, generator=generator) * (size - 10)
    return torch.cat([places, torch.ones(count, 1)], dim=1)[None]


def test_soft_argmax_finds_planted_positions_between_pixels():
    points = planted()
    targets = heatmap_targets(points, size=64, deviation=1.2)
    heatmaps = targets[..., :-1].clamp(min=1e-12).log().reshape(1, -1, 64, 64)
    found = find_keypoints(heatmaps, torch.full((1, points.shape[1]), -20.0))
    # The window cuts off a little of each bump's tail.
    assert (found[..., :2] - points[..., :2]).abs().max() < 0.05
    assert found[..., 2].min() > 0.98


def test_a_second_peak_far_away_does_not_pull_the_position():
    points = torch.tensor([[[20.3, 30.7, 1.0], [50.0, 10.0, 1.0]]])
    both = heatmap_targets(points, size=64, deviation=1.2)[0, :, :-1]
    mixed = (0.7 * both[0] + 0.3 * both[1]).clamp(min=1e-12).log().reshape(1, 1, 64, 64)
    found = find_keypoints(mixed, torch.full((1, 1), -20.0))[0, 0]
    torch.testing.assert_close(found[:2], points[0, 0, :2], atol=0.05, rtol=0)
    assert abs(float(found[2]) - 0.7) < 0.02


def test_a_keypoint_that_is_nowhere_has_no_confidence():
    points = torch.tensor([[[20.0, 20.0, 0.0], [-30.0, 20.0, 1.0], [20.0, 20.0, 1.0]]])
    targets = heatmap_targets(points, size=64, deviation=1.2)
    torch.testing.assert_close(targets.sum(-1), torch.ones(1, 3))
    torch.testing.assert_close(targets[0, :, -1], torch.tensor([1.0, 1.0, 0.0]))
    scores = targets.clamp(min=1e-9).log()
    found = find_keypoints(scores[..., :-1].reshape(1, 3, 64, 64), scores[..., -1])
    assert found[0, 0, 2] < 1e-3
    assert found[0, 2, 2] > 0.98


def test_the_loss_is_least_at_the_target():
    targets = heatmap_targets(planted(3, 32), size=32, deviation=1.2)
    best = targets.clamp(min=1e-12).log()

    def loss(scores):
        return float(heatmap_loss(scores[..., :-1].reshape(1, 3, 32, 32), scores[..., -1], targets))

    shifted = best.roll(1, dims=-1)
    assert loss(best) < loss(best * 0.9) < loss(shifted)


def test_positions_at_the_border_stay_inside():
    heatmaps = torch.full((1, 1, 16, 16), -10.0)
    heatmaps[0, 0, 0, 15] = 10.0
    found = find_keypoints(heatmaps, torch.full((1, 1), -20.0))[0, 0]
    torch.testing.assert_close(found[:2], torch.tensor([15.5, 0.5]), atol=0.01, rtol=0)
