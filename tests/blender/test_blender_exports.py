"""Files for other programs: sizes, rests, names, shape keys; and what the checks repair."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from blenders import output_of, read_fbx

pytestmark = pytest.mark.blender

PRESETS = ("GENERIC", "UNITY", "UNREAL")


@pytest.mark.parametrize("preset", PRESETS)
def test_an_export_changes_nothing_in_the_scene(findings: dict[str, Any], preset: str) -> None:
    found = findings["fbx_presets"][preset]
    assert found["is_kept"]
    assert found["unit"] == 1.0
    assert found["quads"] > 1000


@pytest.mark.parametrize("preset", PRESETS)
def test_blender_reads_back_what_it_wrote(
    findings: dict[str, Any], height: float, preset: str
) -> None:
    sent, found = findings["import_once"], findings["fbx_presets"][preset]
    assert found["bones"] == len(sent["bones"])
    assert found["height"] == pytest.approx(height, rel=0.02)
    assert found["skinned_error"] < 1e-4
    assert found["keys"]["names"] == ["smile", "blink"]
    assert found["keys"]["moved"] == pytest.approx(0.03, abs=1e-4)
    # It stood two metres aside.
    assert abs(found["middle"]) < 0.01


def test_unity_gets_a_t_pose_as_rest(findings: dict[str, Any]) -> None:
    assert findings["fbx_presets"]["UNITY"]["arms_down"] == pytest.approx([0.0, 0.0], abs=1.0)
    own = findings["fbx_presets"]["GENERIC"]["arms_down"]
    assert min(own) > 20


def test_unreal_gets_triangles_and_its_names(findings: dict[str, Any]) -> None:
    unreal, generic = findings["fbx_presets"]["UNREAL"], findings["fbx_presets"]["GENERIC"]
    assert (unreal["armature"], unreal["mesh"]) == ("Armature", "SK_Body")
    assert (generic["armature"], generic["mesh"]) == ("Avatar", "Body")
    assert (unreal["corners"], generic["corners"]) == (3, 4)


def test_levels_of_detail_share_bones_and_materials(findings: dict[str, Any]) -> None:
    levels = dict(findings["levels_of_detail"])
    assert levels.pop("is_kept")
    assert sorted(levels) == ["Body_LOD0", "Body_LOD1", "Body_LOD2"]
    finest, half, quarter = (levels[name] for name in sorted(levels))
    assert half["faces"] == pytest.approx(finest["faces"] / 2, rel=0.05)
    assert quarter["faces"] == pytest.approx(finest["faces"] / 4, rel=0.05)
    assert (finest["keys"], half["keys"], quarter["keys"]) == (3, 0, 0)
    for level in (half, quarter):
        assert level["has_uv"]
        assert level["materials"] == finest["materials"]
        assert level["skinned_error"] < 1e-4
        assert level["most_bones"] <= 4
        assert level["heights"] == pytest.approx(finest["heights"], abs=0.02)


def test_unreal_gets_one_root(findings: dict[str, Any]) -> None:
    assert findings["two_roots_become_one"]["live"] == ["root", "prop"]
    assert len(findings["two_roots_become_one"]["back"]) == 1


@pytest.mark.parametrize(
    ("preset", "metre", "centimetres"), [("UNITY", 1.0, 100.0), ("UNREAL", 100.0, 1.0)]
)
def test_three_js_sees_the_engines_units(
    output: Path, height: float, preset: str, metre: float, centimetres: float
) -> None:
    """The size of the numbers times the file's unit is the avatar's; no node is scaled."""
    read = read_fbx(output / f"{preset}.fbx")
    (skin,) = read["skins"]
    measured = skin["maximum"][1] - skin["minimum"][1]
    assert measured == pytest.approx(height * metre, rel=0.02)
    assert read["unit"] == pytest.approx(centimetres)
    (root,) = read["roots"]
    assert root["scale"] == pytest.approx([1.0, 1.0, 1.0])
    assert root["parent"] == ("Armature" if preset == "UNREAL" else "Avatar")
    assert skin["shapes"] == ["smile", "blink"]
    assert skin["weightSums"] == pytest.approx([1.0, 1.0], abs=1e-5)


def test_three_js_sees_unitys_arms_spread(output: Path) -> None:
    (own,) = read_fbx(output / "GENERIC.fbx")["skins"]
    (spread,) = read_fbx(output / "UNITY.fbx")["skins"]
    width = {
        name: skin["maximum"][0] - skin["minimum"][0]
        for name, skin in (("own", own), ("spread", spread))
    }
    assert width["spread"] > 1.3 * width["own"]


def test_assimp_sees_only_triangles_in_unreals_file(output: Path) -> None:
    if shutil.which("assimp") is None:
        pytest.skip("assimp is missing: apt-get install assimp-utils")
    kinds = {}
    for preset in ("GENERIC", "UNREAL"):
        text = output_of(["assimp", "info", str(output / f"{preset}.fbx"), "--raw"])
        (kinds[preset],) = re.findall(r"^Primitive Types:\s*(.+?)\s*$", text, re.MULTILINE)
    assert kinds["UNREAL"] == "triangles"
    assert kinds["GENERIC"] != "triangles"


def test_shape_keys_survive_glb(findings: dict[str, Any]) -> None:
    found = findings["shape_keys_survive_glb"]
    assert found["names"] == ["smile", "blink"]
    assert found["moved"] == pytest.approx(0.03, abs=1e-4)


@pytest.mark.parametrize("suffix", ["fbx", "glb"])
def test_baked_modifiers_keep_shape_keys(findings: dict[str, Any], suffix: str) -> None:
    found = findings["modifiers_keep_shape_keys"]
    assert found["is_live_kept"]
    assert found[suffix]["names"] == ["smile", "blink"]
    assert found[suffix]["moved"] == pytest.approx(0.03, rel=0.1)
    assert found[suffix]["vertices"] > 1.9 * found["live"]


def test_a_modifier_that_disagrees_is_named_and_nothing_is_written(
    findings: dict[str, Any],
) -> None:
    found = findings["modifiers_that_disagree"]
    assert "gives shape key smile other vertices" in found["message"]
    assert not found["written"]
    assert found["is_kept"]


@pytest.mark.parametrize("suffix", ["fbx", "glb"])
def test_an_unwritable_folder_is_a_sentence(findings: dict[str, Any], suffix: str) -> None:
    found = findings["unwritable"]
    assert f"avatar.{suffix} can't be written" in found["said"][suffix]
    assert "Choose another folder" in found["said"][suffix]
    assert "Traceback" not in found["said"][suffix]
    assert found["is_kept"]


@pytest.mark.parametrize(
    "fix",
    ["BIND_VERTICES", "LIMIT_WEIGHTS", "NORMALIZE_WEIGHTS", "REMOVE_GROUPS", "APPLY_TRANSFORMS"],
)
def test_a_finding_is_gone_after_its_fix(findings: dict[str, Any], fix: str) -> None:
    found = findings["fixes"][fix]
    assert fix in [offered for offered, _, _ in found["before"]]
    assert found["after"] == []
    # What is shown at rest is where it was.
    assert found["moved"] < 1e-5


def test_a_free_vertex_gets_its_neighbours_bones(findings: dict[str, Any]) -> None:
    found = findings["fix_of_a_vertex_takes_the_neighbours_bones"]
    assert found["found"] == found["expected"]
