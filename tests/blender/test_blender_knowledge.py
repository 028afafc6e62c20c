"""What photos know of an avatar can be shown on it, and never gets into a file for others."""

from typing import Any

import pytest

pytestmark = pytest.mark.blender

COLORS, KNOWN = [180, 90, 60], [0, 0, 255]


def test_the_picture_is_shown_and_taken_off_again(findings: dict[str, Any]) -> None:
    """By undo, too, after saving and loading, and without the download."""
    found = findings["knowledge"]
    assert found["before"] == found["undone"] == found["off"] == COLORS
    assert found["shown"] == found["redone"] == found["loaded"] == KNOWN
    assert found["draft"] == KNOWN


def test_exports_have_the_colours_while_it_is_shown(findings: dict[str, Any]) -> None:
    found = findings["knowledge"]
    assert found["glb"] == [COLORS, 1, False]
    assert found["fbx"] == [COLORS]
    assert found["after_export"] == KNOWN


def test_an_avatar_of_a_file_says_that_it_knows_nothing(findings: dict[str, Any]) -> None:
    assert "came from a file" in findings["knowledge"]["without"]
