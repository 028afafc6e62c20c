"""What an artist finds in an imported avatar: groups of bones, faces by asset, poses, a mark."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from album2avatar.body.rigged import RiggedAvatar

pytestmark = pytest.mark.blender


def test_every_bone_is_in_one_collection(avatar: RiggedAvatar, findings: dict[str, Any]) -> None:
    collections = findings["bone_collections"]
    bones = [bone for members in collections.values() for bone in members]
    assert sorted(bones) == sorted(avatar.skeleton.names)
    assert {"head", "neck01"} <= set(collections["Head"])
    for side, letter in (("Left", "L"), ("Right", "R")):
        assert {f"upperarm01.{letter}", f"wrist.{letter}"} <= set(collections[f"{side} Arm"])
        assert all(bone.endswith(f".{letter}") for bone in collections[f"{side} Fingers"])
        assert len(collections[f"{side} Fingers"]) == 19


def test_an_avatars_meshes_are_found_quickly_in_a_full_file(findings: dict[str, Any]) -> None:
    """Ten times the objects take ten times as long, not a hundred times: panels draw with it."""
    found = findings["meshes_in_a_full_file"]
    few, many = found["seconds"]
    assert many / few < 30
    assert found["is_found"]
    assert found["after_deleting"] == 0


@pytest.mark.parametrize("check", ["asset_faces", "asset_faces_after_glb"])
def test_faces_know_their_asset(avatar: RiggedAvatar, findings: dict[str, Any], check: str) -> None:
    """The assets are the body's face, top and bottom by height, however the faces are sorted."""
    face, top, bottom = findings[check]
    counts = [count for count, _, _ in (face, top, bottom)]
    # Welding drops what has no area.
    np.testing.assert_allclose(counts, avatar.parts[0].asset_faces, rtol=0.01)
    assert bottom[2] < 0.5001
    assert (top[1], top[2]) > (0.4999, 0.8)
    assert top[2] < 0.8801
    assert face[1] > 0.8799


def test_an_assets_faces_are_selected_in_edit_mode(findings: dict[str, Any]) -> None:
    found = findings["select_faces"]
    face, top, _ = found["counts"]
    assert found["mode"] == "EDIT_MESH"
    assert (found["one"], found["both"]) == (top, face + top)
    assert top > 1000


def test_the_avatar_is_in_the_asset_browser(findings: dict[str, Any]) -> None:
    found = findings["asset_mark"]
    assert (found["name"], found["collection"]) == ("Anna", "Anna")
    assert found["description"] == "face, striped sweater, trousers"
    assert found["tags"] == ["avatar", "anny"]


def test_its_picture_is_the_avatars_outline_in_its_colour(
    avatar: RiggedAvatar, output: Path
) -> None:
    picture = np.asarray(Image.open(output / "portrait.png").convert("RGBA")) / 255
    assert picture.shape == (256, 256, 4)
    is_avatar = picture[..., 3] > 0.5
    rows, columns = np.nonzero(is_avatar)
    vertices = avatar.parts[0].mesh.vertices.numpy()
    width, height = np.ptp(vertices[:, 0]), np.ptp(vertices[:, 2])
    assert np.ptp(columns) / np.ptp(rows) == pytest.approx(width / height, rel=0.03)
    # No holes: the middle line of the trunk is solid.
    assert is_avatar[80:130, 128].all()
    red, green, blue = picture[is_avatar][:, :3].mean(axis=0)
    assert green / red == pytest.approx(90 / 180, abs=0.03)
    assert blue / red == pytest.approx(60 / 180, abs=0.03)


@pytest.mark.parametrize(("pose", "degrees_down"), [("T_POSE", 0.0), ("A_POSE", 45.0)])
def test_arms_are_straight_within_a_degree(
    findings: dict[str, Any], pose: str, degrees_down: float
) -> None:
    down = np.radians(degrees_down)
    for joint, direction in findings["poses"][pose].items():
        outward = 1.0 if joint.startswith("left") else -1.0
        wanted = [outward * np.cos(down), 0.0, -np.sin(down)]
        angle = np.degrees(np.arccos(np.clip(np.dot(direction, wanted), -1, 1)))
        assert angle < 1.0, joint


def test_reset_takes_the_pose_away(findings: dict[str, Any]) -> None:
    assert findings["poses"]["is_reset"]


def test_an_undone_import_comes_back(findings: dict[str, Any]) -> None:
    assert findings["redo_import"] == {"objects": [2, 0, 2], "collections": 11, "is_bound": True}


def test_the_material_is_laid_out_from_right_to_left(findings: dict[str, Any]) -> None:
    found = findings["tidy_material"]
    columns = found["columns"]
    assert columns["TEX_IMAGE"] < columns["BSDF_PRINCIPLED"] < columns["OUTPUT_MATERIAL"]
    assert found["image"] == ["Avatar albedo"]
    assert not found["culls"]
