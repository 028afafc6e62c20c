"""Trying on in Blender: what is asked of the backend, and variants side by side."""

from typing import Any

import pytest

pytestmark = pytest.mark.blender

BOTH = [[True, True]]
"""In view and rendered, armature and mesh."""
NEITHER = [[False, False]]


def test_pieces_are_shown_page_by_page(findings: dict[str, Any]) -> None:
    found = findings["pieces_on_pages"]
    assert (found["first"], found["last"]) == (12, 4)
    assert found["filtered"] == [0, ["shoes"]]
    assert found["page_that_is_gone"] == 3
    assert found["milliseconds"] < 5


@pytest.mark.parametrize("state", ["done", "running", "failed"])
def test_the_panel_draws_whatever_the_job_does(findings: dict[str, Any], state: str) -> None:
    assert "error" not in findings["panel_in_every_state"][state]


def test_a_variant_is_offered_until_it_is_in_the_scene(findings: dict[str, Any]) -> None:
    assert findings["put_on_once"] == [True, False]


def test_a_click_asks_once_for_the_active_avatar(findings: dict[str, Any]) -> None:
    found = findings["what_is_asked_for"]
    assert "Click on an avatar" in found["without"]
    assert "is being handed in" in found["twice"]
    assert found["chosen"] == "j3"
    assert found["asked"][0] == ["POST", "/swaps", {"job": "j1", "entry": "w1"}]
    assert "add it to the scene" in found["unknown"]


def test_words_ask_for_a_garment_that_nobody_has_a_photo_of(findings: dict[str, Any]) -> None:
    found = findings["what_is_asked_for"]
    assert "Say in words" in found["no_words"]
    words = {"job": "j1", "kind": "outerwear", "words": "blue denim jacket"}
    assert ["POST", "/swaps", words] in found["asked"]


def test_the_wardrobe_is_kept_in_order(findings: dict[str, Any]) -> None:
    found = findings["what_is_asked_for"]
    assert found["asked"][2:] == [
        ["PATCH", "/wardrobe/w1", {"name": "cardigan"}],
        ["DELETE", "/wardrobe/w1", None],
        ["POST", "/wardrobe/w1/restore", None],
        ["POST", "/wardrobe/w1/export", {"path": "/tmp/piece.a2atoken"}],
        ["POST", "/wardrobe/import", {"path": "/tmp/a.a2atoken"}],
        ["POST", "/wardrobe/import", {"path": "/tmp/b.a2atoken"}],
        ["POST", "/wardrobe/import", {"path": "/tmp/a.a2atoken"}],
    ]
    assert (found["deleted"], found["restored"]) == ("w1", "")
    assert ".a2atoken" in found["no_token"]
    assert found["names"][0] == "blue_denim_jacket.a2atoken"
    assert all(1 < len(name) < 80 for name in found["names"])


def test_a_variant_takes_place_and_pose_of_its_avatar(findings: dict[str, Any]) -> None:
    found = findings["a_variant_beside"]
    assert found["name"] == "Mia with jacket"
    assert found["marks"] == ["j3", True]
    assert found["parent"] == "stand"
    assert found["moved"] < 1e-5
    assert found["posed"] < 1e-5
    assert found["is_animated"]
    assert found["played"] == pytest.approx(0.9)
    assert found["seen"] == {"Mia": NEITHER, "Mia with jacket": BOTH}


def test_the_variant_goes_and_comes_in_one_step_of_undo(findings: dict[str, Any]) -> None:
    found = findings["a_variant_beside"]
    assert found["undone"] == [{"Mia": BOTH}, False]
    assert found["redone"] == found["seen"]


def test_variants_take_turns(findings: dict[str, Any]) -> None:
    found = findings["variants_take_turns"]
    jacket, skirt = "Mia with jacket", "Mia with jacket, skirt"
    assert found["two"] == [[jacket], ["Mia"]]
    assert found["active"] == "Mia"
    assert found["selected"] == ["Mia"]
    assert found["undone"] == [jacket]
    assert found["three"] == [[skirt], ["Mia"], [jacket], [skirt]]
    assert found["by_name"] == [jacket]
    assert "not in the scene" in found["stranger"]
    assert found["one_deleted"] == [skirt]


def test_a_variant_alone_is_an_avatar_like_others(findings: dict[str, Any]) -> None:
    found = findings["a_variant_without_its_avatar"]
    assert found["marks"] == ["j3", False]
    assert found["seen"] == {"Mia with jacket": BOTH}
    assert not found["can_turn"]


def test_edit_mode_is_left_before_a_variant_hides(findings: dict[str, Any]) -> None:
    assert findings["toggle_in_edit_mode"] == {"mode": "OBJECT", "shown": ["Mia"]}


def test_files_for_others_hold_no_marks(findings: dict[str, Any]) -> None:
    assert findings["marks_stay_home"] == [False, False, False, True]


def test_a_draft_is_offered_until_the_avatar_is_there(findings: dict[str, Any]) -> None:
    """In the scene it stays beside the avatar, an object of its own."""
    found = findings["a_draft_and_its_avatar"]
    assert found["running"] == ["album2avatar.add_draft"]
    assert found["drawn"]
    assert found["draft"] == ["Mia draft", False, False]
    assert found["undone"] == []
    assert "on its way" in found["early"]
    assert found["done"] == ["album2avatar.add_to_scene"]
    assert found["both"] == ["Mia", "Mia draft"]
    assert found["seen"] == [True, True]
