"""What may be where on a body."""

from dataclasses import replace

import torch

from album2avatar.assets import AssetKind
from album2avatar.body.types import CanonicalBody
from album2avatar.projection.possible_assets import (
    FURTHEST_SKIN,
    assets_standing_off,
    possible_assets,
)
from toy_person import egg, egg_body

KINDS: list[AssetKind] = ["face", "skin", "bottom", "hair"]


def body_with_hand() -> CanonicalBody:
    """The egg; what is far to the left is a hand."""
    body = egg_body(egg())
    left = body.vertices[:, 0] > 0.8 * body.vertices[:, 0].max()
    return replace(body, parts={**body.parts, "hand.L": left, "hand.R": ~left & left})


def beside(body: CanonicalBody, distance: float) -> torch.Tensor:
    """Points (2, 3) beside the right and the left end."""
    ends = body.vertices[[int(body.vertices[:, 0].argmin()), int(body.vertices[:, 0].argmax())]]
    return ends + torch.tensor([[-distance, 0.0, 0.0], [distance, 0.0, 0.0]])


def test_a_hand_is_skin_and_nothing_else():
    body = body_with_hand()
    found = possible_assets(beside(body, 0.001), body, KINDS)
    assert found.tolist() == [[True] * 4, [False, True, False, False]]


def test_what_stands_off_the_body_is_not_bare_where_it_may_be_worn():
    body = body_with_hand()
    near = assets_standing_off(beside(body, 0.8 * FURTHEST_SKIN), body, KINDS)
    assert torch.equal(near, possible_assets(beside(body, 0.001), body, KINDS))
    far = assets_standing_off(beside(body, 1.2 * FURTHEST_SKIN), body, KINDS)
    assert far.tolist() == [[False, False, True, True], [False, True, False, False]]


def test_who_wears_nothing_is_skin_everywhere():
    body = body_with_hand()
    far = assets_standing_off(beside(body, 0.1), body, ["face", "skin"])
    assert far[0].tolist() == [True, True]
