"""Left and right get their names back from the view."""

import pytest
import torch

from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.perception.mirror import mirrored_names
from album2avatar.perception.sides import settle_sides


def standing(facing: str, crossed_hand: bool = False) -> torch.Tensor:
    """A person of 100 pixels; seen from the front, the left side is right in the picture."""
    side = {"front": 1.0, "back": -1.0}[facing]
    offsets = {"eye": 3, "shoulder": 12, "elbow": 18, "wrist": 22, "hand": 24, "hip": 8}
    offsets |= {"knee": 9, "ankle": 10, "toe": 12}
    heights = {"eye": 8, "shoulder": 20, "elbow": 36, "wrist": 50, "hand": 56, "hip": 52}
    heights |= {"knee": 72, "ankle": 92, "toe": 97, "pelvis": 50, "neck": 18, "head": 12}
    rows = []
    for name in KEYPOINTS:
        half, _, joint = name.partition("_")
        sign = {"left": 1, "right": -1}.get(half, 0)
        offset = offsets.get(joint, 0)
        if crossed_hand and name in ("left_wrist", "left_hand"):
            offset = -6
        rows.append((50 + side * sign * offset, heights[joint or half], 0.9))
    return torch.tensor(rows)


def swapped(points: torch.Tensor, joints: tuple[str, ...]) -> torch.Tensor:
    """The same points, some pairs under each other's names."""
    order = list(range(len(KEYPOINTS)))
    for index, partner in enumerate(mirrored_names(KEYPOINTS)):
        if KEYPOINTS[index].partition("_")[2] in joints:
            order[index] = partner
    return points[order]


@pytest.mark.parametrize("facing", ["front", "back"])
@pytest.mark.parametrize("joints", [("shoulder",), ("hip", "knee", "ankle"), ("wrist", "toe")])
def test_confused_pairs_are_exchanged(facing, joints):
    truth = standing(facing)
    confused = swapped(truth, joints)
    assert not torch.equal(confused, truth)
    settled = settle_sides(confused, KEYPOINTS, float(facing == "front"), float(facing == "back"))
    assert torch.equal(settled, truth)


def test_a_whole_person_taken_for_her_back_is_turned():
    truth = standing("back")
    everything = tuple({name.partition("_")[2] for name in KEYPOINTS})
    assert torch.equal(settle_sides(swapped(truth, everything), KEYPOINTS, 0.1, 0.8), truth)


def test_a_hand_before_the_other_side_keeps_its_arm():
    truth = standing("front", crossed_hand=True)
    assert torch.equal(settle_sides(truth, KEYPOINTS, 0.9, 0.0), truth)


def test_from_the_side_nothing_is_exchanged():
    confused = swapped(standing("front"), ("shoulder",))
    assert torch.equal(settle_sides(confused, KEYPOINTS, 0.3, 0.2), confused)
