"""What the prompts of normal maps name."""

from typing import get_args

import pytest

from album2avatar.assets import Framing, View
from album2avatar.sculpt.normal_guidance import shown_kinds

VIEWS: tuple[View, ...] = get_args(View)
FRAMINGS: tuple[Framing, ...] = get_args(Framing)


@pytest.mark.parametrize("framing", FRAMINGS)
def test_no_frame_shows_a_face_from_behind(framing: Framing):
    assert not {"face", "glasses"} & shown_kinds("back", framing, None)
    is_there = framing != "lower body"
    for view in VIEWS[:3]:
        assert ("face" in shown_kinds(view, framing, None)) == is_there


def test_the_whole_body_shows_all_and_a_close_up_what_is_in_it():
    assert {"shoes", "face", "bottom"} <= shown_kinds("front", "full body", None)
    assert shown_kinds("front", "lower body", None) >= {"shoes", "bottom"}
    assert not {"shoes", "bottom"} & shown_kinds("front", "head close-up", None)
    assert shown_kinds("back", None, None) == {"skin"}  # a hand
    assert shown_kinds("back", None, "shoes") == {"shoes"}
