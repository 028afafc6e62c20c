"""The extension in a real Blender, on the plain Anny body, and what other programs read."""

import json
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blenders import output_of, read_fbx
from PIL import Image

from album2avatar.body.rigged import RiggedAvatar

pytestmark = pytest.mark.blender


def test_import_is_whole_and_welded(avatar: RiggedAvatar, findings: dict[str, Any]) -> None:
    found = findings["import_once"]
    assert found["result"] == ["FINISHED"]
    assert found["vertices"] == len(avatar.parts[0].mesh.vertices.unique(dim=0))
    assert found["weight_sums"] == pytest.approx([1.0, 1.0], abs=1e-5)
    assert found["most_influences"] <= 4
    assert found["images"] == [{"size": [32, 32], "is_packed": True}]
    assert found["uv_maps"] == [1]
    assert found["is_smooth"]
    assert not found["has_stored_normals"]


def test_bones_have_their_tails_and_rolls(avatar: RiggedAvatar, findings: dict[str, Any]) -> None:
    bones = findings["import_once"]["bones"]
    skeleton = avatar.skeleton
    assert set(bones) == set(skeleton.names)
    for index, name in enumerate(skeleton.names):
        bone = bones[name]
        np.testing.assert_allclose(bone["head"], skeleton.heads[index], atol=1e-5, err_msg=name)
        np.testing.assert_allclose(bone["tail"], skeleton.tails[index], atol=1e-5, err_msg=name)
        parent = skeleton.parents[index]
        assert bone["parent"] == (skeleton.names[parent] if parent >= 0 else None)
        if parent >= 0:  # Anny's root points against its own axis.
            roll_axis = skeleton.matrices[index, :3, 2].numpy()
            assert float(np.dot(bone["z_axis"], roll_axis)) > 0.999, name
    assert bones["lowerarm02.L"]["is_connected"]


def test_avatar_is_selected_in_its_own_collection(findings: dict[str, Any]) -> None:
    found = findings["import_once"]
    assert found["active"] == "Avatar"
    assert found["selected"] == ["Avatar", "Body"]
    assert found["collections"] == ["Avatar"]
    assert found["properties"]["rig"] == "anny"
    assert "bones" not in found["properties"]


def test_importing_twice_gives_a_second_avatar(findings: dict[str, Any]) -> None:
    assert findings["import_again"] == {"armatures": 2, "shared_meshes": 0, "collections": 2}


def test_import_is_one_undo_step(findings: dict[str, Any]) -> None:
    assert findings["undo_import"] == {"imported": 2, "left": 0}


def test_a_file_that_is_no_avatar_changes_nothing(findings: dict[str, Any]) -> None:
    found = findings["import_stranger"]
    assert "cube.glb is no album2avatar avatar" in found["message"]
    assert found["kept"]


def test_export_leaves_the_live_avatar_alone(findings: dict[str, Any]) -> None:
    assert findings["export_posed_and_edited"] == {"unchanged": True, "cube": True}


def test_a_vertex_without_bone_stops_the_export(findings: dict[str, Any]) -> None:
    found = findings["export_with_a_loose_vertex"]
    assert "Vertices of Body that hang on no bone: 1." in found["message"]
    assert not found["written"]


def test_fbx_comes_back_the_same_size_with_every_bone(findings: dict[str, Any]) -> None:
    sent, back = findings["import_once"], findings["reimport_fbx"]
    assert set(back["bones"]) == set(sent["bones"])
    assert back["highest"] - back["lowest"] == pytest.approx(
        sent["highest"] - sent["lowest"], rel=1e-3
    )
    assert back["vertices"] == sent["vertices"]
    assert back["weight_sums"] == pytest.approx([1.0, 1.0], abs=1e-5)
    for name, bone in sent["bones"].items():
        np.testing.assert_allclose(back["bones"][name]["head"], bone["head"], atol=1e-4)


def test_glb_comes_back_with_the_same_bones(findings: dict[str, Any]) -> None:
    sent, back = findings["import_once"], findings["reimport_glb"]
    assert set(back["bones"]) == set(sent["bones"])
    for name, bone in sent["bones"].items():
        for end in ("head", "tail", "z_axis"):
            np.testing.assert_allclose(back["bones"][name][end], bone[end], atol=1e-4)


def test_joints_bend_by_45_degrees_and_tear_nothing(findings: dict[str, Any]) -> None:
    found = findings["pose"]
    assert found["turns"] == pytest.approx(dict.fromkeys(found["turns"], 45.0), abs=0.1)
    assert len(found["turns"]) == 5
    assert found["foot_goes_back"] > 0.4
    assert found["median_stretch"] == pytest.approx(1.0, abs=0.01)
    assert found["stretch_of_999_in_1000"] < 2.0


def test_posed_picture_shows_the_avatars_colour(output: Path, findings: dict[str, Any]) -> None:
    """The texture is brown; the room is grey."""
    pixels = np.asarray(Image.open(output / "posed.png").convert("RGB"), dtype=float)
    assert pixels.shape[0] == 160
    is_avatar = pixels[..., 0] - pixels[..., 2] > 40
    assert 0.05 < is_avatar.mean() < 0.5


def test_three_js_reads_the_fbx(avatar: RiggedAvatar, height: float, output: Path) -> None:
    read = read_fbx(output / "avatar.fbx")
    plain = {re.sub(r"[\[\].:/\s]", "", name) for name in avatar.skeleton.names}
    assert set(read["bones"]) == plain
    (skin,) = read["skins"]
    assert skin["bones"] == len(avatar.skeleton.names)
    assert skin["weightSums"] == pytest.approx([1.0, 1.0], abs=1e-5)
    assert skin["hasTextureCoordinates"]
    assert all(material["hasTexture"] for material in skin["materials"])
    assert [texture["type"] for texture in read["textures"]] == ["image/png"]
    assert skin["maximum"][1] - skin["minimum"][1] == pytest.approx(height, rel=0.02)


def test_assimp_reads_the_fbx(avatar: RiggedAvatar, height: float, output: Path) -> None:
    if shutil.which("assimp") is None:
        pytest.skip("assimp is missing: apt-get install assimp-utils")
    text = output_of(["assimp", "info", str(output / "avatar.fbx")])
    facts = dict(re.findall(r"^([A-Z][\w ./()]*?):?\s{2,}(\(?[-\d.][^)\n]*)", text, re.MULTILINE))
    assert int(facts["Bones"]) == len(avatar.skeleton.names)
    assert int(facts["Meshes"]) == 1
    assert int(facts["Textures (embed.)"]) == 1
    lowest, highest = (
        [float(value) for value in facts[name].strip("(").split()]
        for name in ("Minimum point", "Maximum point")
    )
    largest = max(high - low for low, high in zip(lowest, highest, strict=True))
    assert largest == pytest.approx(height, rel=0.02)


def test_exported_glb_stores_four_influences_at_most(output: Path) -> None:
    content = (output / "again.glb").read_bytes()
    (length,) = struct.unpack_from("<I", content, 12)
    document = json.loads(content[20 : 20 + length])
    attributes = document["meshes"][0]["primitives"][0]["attributes"]
    assert "WEIGHTS_0" in attributes
    assert "WEIGHTS_1" not in attributes
