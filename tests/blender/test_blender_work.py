"""An artist's whole work: from set-up and album to an export, and another garment tried on."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from blenders import ROOT, find_blender, read_fbx

from running_service import DEMO_ALBUM, SMALL_PHOTOS, SMALL_SETTINGS

pytestmark = pytest.mark.blender


@pytest.fixture(
    scope="module",
    params=[
        "4.5",
        pytest.param("4.2", marks=pytest.mark.slow),
        pytest.param("5.0", marks=pytest.mark.slow),
    ],
)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where one run of a Blender with empty preferences left its findings and files."""
    blender = find_blender(request.param)
    folder = tmp_path_factory.mktemp(f"work{blender.version}")
    built = subprocess.run(
        [ROOT / "scripts" / "build_extension", folder], capture_output=True, text=True, check=True
    )
    archive = Path(built.stdout.splitlines()[-1])
    (folder / "album").mkdir()
    for name in SMALL_PHOTOS:
        shutil.copy(DEMO_ALBUM / name, folder / "album")
    settings = folder / "settings.json"
    settings.write_text(json.dumps(SMALL_SETTINGS))
    (folder / "user").mkdir()
    environment = {
        "BLENDER_USER_RESOURCES": str(folder / "user"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    blender.run(
        "inside_work.py",
        archive,
        sys.executable,
        folder / "album",
        settings,
        folder,
        environment=environment,
    )
    return folder


@pytest.fixture(scope="module")
def work(folder: Path) -> dict[str, Any]:
    """What that run wrote down, step by step."""
    return json.loads((folder / "work.json").read_text())


def test_the_backend_is_set_up_and_starts_by_itself(work: dict[str, Any]) -> None:
    assert (work["set_up"]["state"], work["set_up"]["status"]) == ("ready", "ready")


def test_the_album_is_read_and_photos_can_be_left_out(work: dict[str, Any]) -> None:
    assert work["read_album"]["photos"] == len(SMALL_PHOTOS)
    assert work["read_album"]["sentence"] == "2 of 3 photos will be used."


def test_dropped_photos_become_an_album(work: dict[str, Any]) -> None:
    assert work["drop_photos"] == {"photos": list(SMALL_PHOTOS[:2]), "chosen_again": True}


def test_assets_are_found_renamed_and_merged(work: dict[str, Any]) -> None:
    found = work["find_assets"]
    assert "settings are no JSON" in found["wrong"]
    assert found["job"] == ["assets", "done"]
    assert "woollen jumper" not in found["before"]
    assert "woollen jumper" in found["after"]
    assert set(found["kinds"]) - set(found["merged"]) == {"shoes"}


def test_a_painted_mask_is_used(work: dict[str, Any]) -> None:
    found = work["paint_mask"]
    assert "on its way" in found["early"]
    before, erased, painted = found["shares"]
    assert erased < before
    assert painted == before
    assert (found["left"], found["is_open"], found["problem"]) == ([], False, "")


def test_create_goes_on_from_the_assets_and_can_be_cancelled(work: dict[str, Any]) -> None:
    found = work["create_and_cancel"]
    assert found["same_job"]
    assert "running" in found["states"]
    assert found["state"] == "cancelled"
    assert found["cancelled_after"] < 10
    moving = found["progress"]
    assert moving == sorted(moving)
    assert 0 < max(moving) < 1


def test_a_resumed_job_is_watched_to_its_end(work: dict[str, Any]) -> None:
    found = work["resume"]
    assert found["state"] == "done", found["error"]
    assert found["previews"] >= 2
    assert found["norms"] > 0
    assert min(found["image"]) > 32


def test_the_avatar_comes_into_the_scene_as_one_step(work: dict[str, Any]) -> None:
    found = work["add_to_scene"]
    added, undone, redone = found["objects"]
    assert undone == 0
    assert added == redone == 2
    assert found["name"] == found["job"]
    assert found["is_asset"]
    assert found["assets"]["top"] == "woollen jumper"
    assert "shoes" not in found["assets"]


def test_the_avatar_leaves_and_comes_back_the_same(work: dict[str, Any], folder: Path) -> None:
    found = work["export"]
    (height, vertices, bones), back = found["sent"], found["back"]
    assert back[0] == pytest.approx(height, abs=1e-4)
    assert back[1:] == [vertices, bones]
    for preset, metre in (("UNITY", 1.0), ("UNREAL", 100.0)):
        (skin,) = read_fbx(folder / f"{preset}.fbx")["skins"]
        measured = skin["maximum"][1] - skin["minimum"][1]
        assert measured == pytest.approx(height * metre, rel=0.02)


def test_the_finished_avatar_fills_the_wardrobe(work: dict[str, Any]) -> None:
    found = work["wardrobe"]
    assert {"face", "hair", "top", "bottom"} <= set(found["kinds"])
    assert found["source"] == "album"


def test_a_piece_goes_and_comes_back(work: dict[str, Any]) -> None:
    found = work["wardrobe"]
    assert found["without"]
    assert found["same"]
    assert found["file"] > 1000
    assert "settings.a2atoken" in found["problem"]


def test_a_piece_is_tried_on_and_compared(work: dict[str, Any]) -> None:
    found = work["try_on"]
    assert "error" not in found
    assert (found["title"], found["stages"]) == ("album with warm jumper", 5)
    assert found["previews"] >= 1
    variant = [found["title"]]
    assert found["shown"] == [variant, ["album"], variant, ["album"]]
    former, later = found["raised"]
    assert former == pytest.approx(later, abs=1e-3)


def test_a_variant_outlives_the_avatar_that_it_was_made_from(work: dict[str, Any]) -> None:
    found = work["try_on"]
    assert found["in_words"] == ["album with warm jumper, red skirt", True]
    assert found["folder"] == 1


def test_a_job_is_found_again_and_deleted_with_its_files(work: dict[str, Any]) -> None:
    found = work["switch_off_and_on"]
    assert found["same_job"]
    assert found["state"] == "done"
    assert found["folders"] == 0


def test_every_panel_draws_at_every_step(work: dict[str, Any]) -> None:
    drawings = [
        drawing
        for step in work.values()
        for found in [step.get("drawn", [])]
        for drawing in (found if isinstance(found, list) else [found])
    ]
    assert len(drawings) >= 9
    assert [drawing["errors"] for drawing in drawings] == [{}] * len(drawings)


def test_the_panels_timer_keeps_blender_for_milliseconds_only(work: dict[str, Any]) -> None:
    found = work["times"]
    assert found["count"] > 200
    assert found["median"] < 0.001
    assert found["over_5_ms"] <= 0.01 * found["count"]
