"""What one side lends to the other."""

import torch

from album2avatar.draft.mirroring import mirror_colors, mirror_vertices

POINTS = torch.rand(400, 3, generator=torch.Generator().manual_seed(0)) * 0.2 + 0.05
LEFT = torch.cat([POINTS, POINTS * torch.tensor([-1.0, 1.0, 1.0])])
"""400 places on the left and their twins on the right."""
COLORS = torch.rand(400, 3, generator=torch.Generator().manual_seed(1))
BOTH = torch.cat([COLORS, COLORS])
ONE = torch.zeros(800, dtype=torch.int64)


def test_twins_are_found_and_lonely_vertices_have_none():
    vertices = torch.tensor([[0.3, 0.1, 1.0], [-0.3, 0.1, 1.0], [0.0, 0.0, 0.0], [0.3, 0.5, 1.0]])
    assert mirror_vertices(vertices).tolist() == [1, 0, 2, -1]


def test_colors_come_from_the_twin_where_nothing_is_known():
    confidence = torch.cat([torch.ones(400), torch.zeros(400)])
    color = torch.cat([COLORS, torch.zeros(400, 3)])
    lent = mirror_colors(LEFT, ONE, color, confidence)
    assert torch.equal(lent.color[400:], COLORS)
    assert bool((lent.confidence[400:] == 1).all())
    assert bool((lent.confidence[:400] == 0).all())


def test_sides_that_differ_lend_each_other_nothing():
    """Half of the right side is seen, and has other colours."""
    confidence = torch.cat([torch.ones(600), torch.zeros(200)])
    lent = mirror_colors(LEFT, ONE, torch.cat([COLORS, 1 - COLORS]), confidence)
    assert float(lent.confidence.max()) == 0


def test_a_spot_on_one_side_does_not_make_them_different():
    """It is lent, too: nobody knows better."""
    color = BOTH.clone()
    color[:40] = 0.0
    confidence = torch.cat([torch.ones(700), torch.zeros(100)])
    lent = mirror_colors(LEFT, ONE, color, confidence)
    assert torch.equal(lent.color[700:], color[300:400])


def test_each_asset_is_judged_by_itself():
    """The first asset agrees, the second doesn't; nothing goes from one to the other."""
    assets = torch.cat([torch.arange(400) % 2, torch.arange(400) % 2])
    color = torch.where(((assets == 1) & (torch.arange(800) >= 400))[:, None], 1 - BOTH, BOTH)
    confidence = torch.cat([torch.ones(600), torch.zeros(200)])
    lent = mirror_colors(LEFT, assets, color, confidence)
    assert bool((lent.confidence[600:][assets[600:] == 0] == 1).all())
    assert bool((lent.confidence[600:][assets[600:] == 1] == 0).all())
    # A twin of another asset is none.
    turned = assets.clone()
    turned[400:] = 1 - turned[400:]
    assert float(mirror_colors(LEFT, turned, color, confidence).confidence.max()) == 0
