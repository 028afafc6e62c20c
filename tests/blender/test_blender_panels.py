"""The panels draw in every state, and what the artist chose there lasts."""

from typing import Any

import pytest

pytestmark = pytest.mark.blender


@pytest.mark.parametrize("check", ["panels_without_backend", "panels_with_an_avatar"])
def test_every_panel_draws(findings: dict[str, Any], check: str) -> None:
    drawn = findings[check]
    assert len(drawn) >= 10
    errors = {name: panel["error"] for name, panel in drawn.items() if "error" in panel}
    assert errors == {}


def test_panels_of_the_avatar_show_with_one(findings: dict[str, Any]) -> None:
    without, with_one = findings["panels_without_backend"], findings["panels_with_an_avatar"]
    for name in ("assets", "material", "shape_keys"):
        panel = f"ALBUM2AVATAR_PT_avatar_{name}"
        assert without[panel] == {"hidden": True}
        assert "seconds" in with_one[panel]


def test_create_says_what_is_missing(findings: dict[str, Any]) -> None:
    assert "backend is not ready" in findings["create_without_album"]


def test_choices_are_no_part_of_the_scene(findings: dict[str, Any]) -> None:
    """Undo leaves them, loading a file leaves them, and the file doesn't hold them."""
    found = findings["choices_outlive_loading"]
    assert found["after_undo"] == "laughing"
    assert found["after_loading"] == ["laughing", "summer"]
    assert found["left_out"] == [["summer", "img_1"]]
    assert found["kept"] == [["summer", "img_3"]]
    assert found["heroes"] == [["summer", "img_2"]]
    assert found["begun"] == [["job_1", "img_2 img_3"]]
    assert found["is_private"]


def test_a_tab_out_of_view_starts_nothing(findings: dict[str, Any]) -> None:
    """And in view, without a backend that is set up, the disk isn't asked at every tick."""
    assert findings["out_of_view"] == {"is_watched": False, "asked": 0, "set_up": "not_installed"}


def test_one_wish_becomes_one_job(findings: dict[str, Any]) -> None:
    """The buttons wait for the answer, whatever it is, and for nothing else."""
    found = findings["one_job_for_one_wish"]
    assert found["before"] == [True, True]
    assert found["meanwhile"] == found["loaded"] == [False, False]
    assert all("is being handed in" in told for told in found["told"])
    assert found["asked"] == 1
    buttons, problem = found["failed"]
    assert buttons == [True, True]
    assert "ended unexpectedly" in problem
    assert found["answered"] == [[True, True], "j9"]
    assert found["switched_on_again"] == [True, True]


def test_one_photo_of_an_album_can_be_its_hero(findings: dict[str, Any]) -> None:
    """The third photo isn't used and has no star; a finished avatar can be brought up to date."""
    found = findings["hero_photo"]
    assert found["without"] == [2, False]
    assert found["starred"] == [[2, True], "p2"]
    assert found["sent"] == [["/jobs/j1/resume", {"settings": {"refine": {"hero_photo": "p2"}}}]]
    assert found["cleared"] == [[2, False], ""]
    assert "nothing to change" in found["told"]


def test_an_update_waits_for_the_backends_end(findings: dict[str, Any]) -> None:
    assert findings["update_after_the_backends_end"]


def test_the_extension_can_be_switched_off_and_on(findings: dict[str, Any]) -> None:
    assert findings["off_and_on_again"]["is_there"]
