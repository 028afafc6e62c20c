"""What offsets are made of: each kind starts at nothing and can become any smooth cloth."""

import math
from typing import get_args

import pytest
import torch
from torch import Tensor

from album2avatar.sculpt.field import OffsetSource, make_source
from album2avatar.sculpt.grid_offsets import grid_level
from album2avatar.settings.sculpt import FieldKind

KINDS = get_args(FieldKind)


def places() -> Tensor:
    return torch.rand(2000, 3, generator=torch.Generator().manual_seed(4))


def cloth(points: Tensor) -> Tensor:
    """Folds of 3 cm, 40 cm apart, that end at half height."""
    folds = 0.03 * torch.sin(2 * math.pi / 0.4 * points[:, 0])
    return folds * torch.sigmoid((0.5 - points[:, 2]) / 0.05)


def fitted(source: OffsetSource, target: Tensor, steps: int) -> Tensor:
    groups = zip(source.parameters, source.rates, strict=True)
    optimizer = torch.optim.Adam([{"params": [p], "lr": 0.002 * rate} for p, rate in groups])
    for _ in range(steps):
        optimizer.zero_grad()
        (source.offsets() - target).square().mean().backward()
        optimizer.step()
    return source.offsets().detach()


@pytest.mark.parametrize("kind", KINDS)
def test_offsets_start_at_zero_and_follow_cloth(kind: FieldKind):
    points = places()
    source = make_source(kind, points, 3)
    assert torch.equal(source.offsets(), torch.zeros(len(points)))
    target = cloth(points)
    wrong = (fitted(source, target, 150) - target).square().mean()
    assert wrong < 0.1 * target.square().mean()


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_agree_with_finite_differences(kind: FieldKind):
    """Along the direction in which all parameters rise by their own random numbers."""
    points, generator = places()[:200], torch.Generator().manual_seed(8)
    source = make_source(kind, points, 3)
    pull = torch.randn(len(points), generator=generator)
    directions = [torch.randn(p.shape, generator=generator) for p in source.parameters]
    with torch.no_grad():
        for values, direction in zip(source.parameters, directions, strict=True):
            values += 0.1 * direction  # away from the zeros of the last layer
    (source.offsets() * pull).sum().backward()
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in source.parameters]
    slope = sum(float((g * d).sum()) for g, d in zip(gradients, directions, strict=True))

    def moved(step: float) -> float:
        with torch.no_grad():
            for values, direction in zip(source.parameters, directions, strict=True):
                values += step * direction
            result = float((source.offsets().double() * pull).sum())
            for values, direction in zip(source.parameters, directions, strict=True):
                values -= step * direction
        return result

    assert slope == pytest.approx((moved(1e-3) - moved(-1e-3)) / 2e-3, rel=0.02)


@pytest.mark.parametrize("kind", KINDS)
def test_equal_seeds_give_equal_offsets(kind: FieldKind):
    points = places()
    first, second = (fitted(make_source(kind, points, 7), cloth(points), 5) for _ in range(2))
    assert torch.equal(first, second)


def test_a_grid_level_carries_linear_functions_exactly():
    points = places()
    level = grid_level(points, 0.13)
    corner = points.amin(dim=0)
    slope = torch.tensor([0.3, -0.2, 0.7])
    # The node's own place is the mean of what is seen of it: solved from the shares.
    nodes = torch.zeros(level.node_count, 3)
    base = ((points - corner) / 0.13).floor()
    corners = torch.cartesian_prod(*[torch.arange(2)] * 3)
    nodes[level.nodes.reshape(-1)] = (corner + 0.13 * (base[:, None] + corners)).reshape(-1, 3)
    torch.testing.assert_close(level.spread(nodes @ slope), points @ slope, atol=1e-5, rtol=0)
