"""The built zip in Blender's own extension system: installed, set up, switched off and on."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from blenders import ROOT, Blender

pytestmark = pytest.mark.blender


@pytest.fixture(scope="module")
def found(blender: Blender, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What one run of a Blender with empty preferences wrote down."""
    folder = tmp_path_factory.mktemp(f"setup{blender.version}")
    built = subprocess.run(
        [ROOT / "scripts" / "build_extension", folder], capture_output=True, text=True, check=True
    )
    archive = Path(built.stdout.splitlines()[-1])
    (folder / "user").mkdir()
    environment = {
        "BLENDER_USER_RESOURCES": str(folder / "user"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    blender.run("inside_setup.py", archive, sys.executable, folder, environment=environment)
    return json.loads((folder / "setup.json").read_text())


def test_the_zip_installs_and_switches_itself_on(found: dict[str, Any]) -> None:
    installed = found["install"]
    assert installed["result"] == ["FINISHED"]
    assert installed["addons"] == ["bl_ext.user_default.album2avatar"]
    assert installed["state"] == "not_installed"
    assert installed["timer"]
    assert installed["heavy"] == []


def test_without_online_access_nothing_is_downloaded(found: dict[str, Any]) -> None:
    """What needs no network is done; then a sentence says where to switch it on."""
    tried = found["set_up_without_network"]
    assert "Press Install first" in tried["log_before"]
    assert tried["began"] == "installing"
    assert (tried["state"], tried["code"]) == ("failed", "offline")
    assert "Allow Online Access" in tried["message"]
    assert tried["made"]
    assert tried["drawn"] == ["drawn", "drawn"]


def test_an_existing_environment_is_checked_and_used(found: dict[str, Any]) -> None:
    used = found["use_an_existing_environment"]
    assert "Choose the Python program" in used["nothing_chosen"]
    assert "not set up yet" in used["not_set_up"]
    assert used["state"] == "ready", used["problem"]
    assert used["findings"] > 5
    assert used["drawn"] == "drawn"


def test_the_backend_starts_when_a_panel_looks_and_survives_a_file(found: dict[str, Any]) -> None:
    started = found["start_on_demand"]
    assert started["off"] == "off"
    assert started["answers"] == [{"jobs": []}]
    assert started["timer"]
    assert started["same"]
    assert started["drawn"] == "drawn"


def test_what_the_artist_stopped_stays_stopped(found: dict[str, Any]) -> None:
    assert found["stop_and_start"] == {"stays_off": "off"}


def test_ticks_keep_blender_for_less_than_5_ms(found: dict[str, Any]) -> None:
    """Waits are their median; work is processor time, to which a busy machine adds nothing."""
    ticks = found["ticks"]
    assert ticks["median"] < 0.005
    assert ticks["works"][-len(ticks["works"]) // 200] < 0.005


def test_switching_off_ends_the_backend_and_switching_on_finds_everything(
    found: dict[str, Any],
) -> None:
    switched = found["disable_and_enable"]
    assert switched["took"] < 5
    assert not switched["timer"]
    assert not switched["operators"]
    assert switched["service_ended"]
    assert switched["state_again"] == "ready"


def test_the_backend_ends_with_blender(found: dict[str, Any]) -> None:
    process = Path("/proc") / str(found["quit_at_once"]["pid"])
    deadline = time.monotonic() + 15
    while process.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not process.exists()
