"""Closing seams: two squares that share an edge, far apart in the texture and turned."""

import math

import torch
from torch import Tensor

from album2avatar.mesh.types import UvMap
from album2avatar.render.closed_seams import close_seams
from album2avatar.render.texture import texture

SIZE = 64
FACES = torch.tensor([[0, 1, 2], [0, 2, 3], [1, 4, 5], [1, 5, 2]])
"""Two squares; they share the edge from vertex 1 to vertex 2."""


def two_charts() -> UvMap:
    square = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    angle = math.radians(20.0)
    turn = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    first = 0.3 * square + torch.tensor([0.11, 0.12])
    second = 0.3 * square @ turn + torch.tensor([0.61, 0.53])
    return UvMap(
        torch.cat([first, second]), torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    )


def noise() -> Tensor:
    return torch.rand(SIZE, SIZE, 3, generator=torch.Generator().manual_seed(3))


def both_sides(colors: Tensor, uv: UvMap) -> tuple[Tensor, Tensor]:
    share = torch.linspace(0, 1, 101)[:, None]
    corners = uv.coordinates
    return (
        texture(colors, torch.lerp(corners[1], corners[2], share), "clamp"),
        texture(colors, torch.lerp(corners[4], corners[7], share), "clamp"),
    )


def test_noise_reads_alike_from_both_sides_of_a_seam():
    """Colours of single texels, which no margin could continue, meet all along the edge."""
    uv = two_charts()
    before = both_sides(noise(), uv)
    after = both_sides(close_seams(noise(), FACES, uv), uv)
    assert (before[0] - before[1]).abs().mean() > 0.15
    assert (after[0] - after[1]).abs().mean() < 0.015


def test_nothing_changes_away_from_the_seam():
    """Only texels that are read along the shared edge may change; its other edges are borders."""
    uv = two_charts()
    changed = (close_seams(noise(), FACES, uv) != noise()).any(2).nonzero()
    places = (changed.flip(1) + 0.5) / SIZE
    share = torch.linspace(0, 1, 301)[:, None]
    corners = uv.coordinates
    edge = torch.cat([torch.lerp(corners[a], corners[b], share) for a, b in ((1, 2), (4, 7))])
    distance = torch.cdist(places, edge).amin(1) * SIZE
    assert len(changed) > 0
    assert float(distance.max()) < math.sqrt(2)


def test_sides_that_are_alike_stay_as_they_are():
    colors = torch.full((SIZE, SIZE, 3), 0.3)
    assert torch.allclose(close_seams(colors, FACES, two_charts()), colors, atol=1e-6)


def test_colours_stay_colours():
    """White against black meets in the middle, within 0..1."""
    colors = torch.zeros(SIZE, SIZE, 1)
    colors[:, SIZE // 2 :] = 1
    closed = close_seams(colors, FACES, two_charts())
    assert float(closed.min()) >= 0
    assert float(closed.max()) <= 1
    sides = both_sides(closed, two_charts())
    for side in sides:
        assert abs(float(side.mean()) - 0.5) < 0.05


def test_a_surface_in_one_chart_has_no_seam():
    uv = UvMap(two_charts().coordinates[:4], FACES[:2])
    assert torch.equal(close_seams(noise(), FACES[:2], uv), noise())
