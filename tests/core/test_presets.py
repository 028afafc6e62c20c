"""Settings from presets, files and the command line."""

import json
from pathlib import Path

import pytest

from album2avatar.errors import SettingsError
from album2avatar.presets import (
    build_settings,
    load_preset,
    parse_assignment,
    preset_names,
    read_settings_file,
)


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name: str):
    build_settings([load_preset(name)])


def test_later_differences_win_field_by_field():
    settings = build_settings(
        [{"seed": 1, "threads": 3}, parse_assignment("seed=2"), {"export": {}}]
    )
    assert (settings.seed, settings.threads) == (2, 3)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("seed=soon", "seed"),
        ("threads=0", "threads"),
        ("sculpt.no_such_thing=1", r"sculpt\.no_such_thing"),
        ("device=toaster", "device"),
        ("paint=3", "paint"),
    ],
)
def test_a_wrong_setting_is_named(text: str, field: str):
    with pytest.raises(SettingsError, match=field) as caught:
        build_settings([parse_assignment(text)])
    assert "\n" not in str(caught.value)


def test_an_unknown_preset_lists_the_known_ones():
    with pytest.raises(SettingsError, match="demo"):
        load_preset("../demo")


@pytest.mark.parametrize("content", ["", "[1]", "{", "null"])
def test_a_settings_file_that_is_no_object_is_named(tmp_path: Path, content: str):
    path = tmp_path / "mine.json"
    path.write_text(content)
    with pytest.raises(SettingsError, match=r"mine\.json"):
        read_settings_file(path)


def test_saved_settings_build_the_same_settings(tmp_path: Path):
    settings = build_settings([load_preset("demo"), {"seed": 9}])
    path = tmp_path / "settings.json"
    path.write_text(settings.model_dump_json())
    assert build_settings([read_settings_file(path)]) == settings
    assert json.loads(path.read_text())["seed"] == 9


def test_an_avatar_from_before_settings_moved_keeps_its_settings():
    old = {
        "sculpt": {"steps": 7, "guidance_weight": 0.25, "views_per_step": 2, "head_share": 0.3},
        "paint": {"method": "sds", "guidance_scale": 8.0, "guidance": {"scale": 9.0}},
    }
    settings = build_settings([load_preset("demo"), old])
    assert settings.sculpt.steps == 7
    assert settings.sculpt.guidance.weight == 0.25
    assert settings.sculpt.guidance.views_per_step == 2
    assert settings.paint.guidance.method == "sds"
    assert settings.paint.guidance.scale == 9.0
    with pytest.raises(SettingsError, match=r"paint\.views_per_stepp"):
        build_settings([{"paint": {"views_per_stepp": 2, "method": "sds"}}])


def test_guidance_that_looks_nowhere_is_refused():
    shares = ("full_body_share", "upper_body_share", "lower_body_share", "head_share")
    with pytest.raises(SettingsError, match="shares"):
        build_settings([{"paint": {"guidance": dict.fromkeys(shares, 0)}}])
