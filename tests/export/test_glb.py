"""The GLB says what the rigged avatar is, as other programs read it."""

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import trimesh
from glb_reader import read_glb
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from small_avatars import checkered_png, limb_avatar

from album2avatar.assets import Asset
from album2avatar.body.rigged import RiggedAvatar
from album2avatar.body.skinning import skin_points
from album2avatar.errors import ExportError
from album2avatar.export.axes import nearest_rotation, quaternion_from_rotation
from album2avatar.export.glb import build_glb
from album2avatar.export.gltf_geometry import strongest_influences
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.placement import stand_on_floor
from album2avatar.export.textures import SurfaceTextures
from album2avatar.mesh.types import Mesh
from album2avatar.settings import Settings

READERS = Path(__file__).resolve().parents[2] / ".venv-readers"


def glb_of(avatar: RiggedAvatar) -> bytes:
    assets = [Asset(kind="top", name="red sweater", token="<asset0>")]
    return build_glb(
        avatar,
        SurfaceTextures(checkered_png()),
        describe_avatar(avatar, "anny", assets, Settings()),
        "test",
    )


def turned_to_gltf(points: np.ndarray) -> np.ndarray:
    """Z up, facing -Y becomes Y up, facing +Z."""
    return np.stack([points[:, 0], points[:, 2], -points[:, 1]], axis=1)


def corner_cloud(avatar: RiggedAvatar, part: int, vertices: torch.Tensor) -> np.ndarray:
    """Positions of all triangle corners of a part in glTF's frame, (F * 3, 3)."""
    corners = avatar.parts[part].mesh.faces.reshape(-1)
    return turned_to_gltf(vertices[corners].double().numpy())


@pytest.mark.parametrize("part", [0, 1])
def test_at_rest_a_viewer_shows_the_canonical_mesh(part: int) -> None:
    avatar = limb_avatar()
    glb = read_glb(glb_of(avatar))
    triangles = glb.array(glb.document["meshes"][0]["primitives"][part]["indices"])
    shown = glb.skinned(part, {})[triangles]
    expected = corner_cloud(avatar, part, avatar.parts[part].mesh.vertices)
    np.testing.assert_allclose(shown, expected, atol=1e-6)


def test_a_turned_joint_moves_the_mesh_as_skinning_says() -> None:
    """The same turn about the elbow's own axes, once as glTF's node, once as a world transform."""
    avatar = limb_avatar()
    glb = read_glb(glb_of(avatar))
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_euler("xyz", [50, -20, 35], degrees=True).as_matrix()
    rest = avatar.skeleton.matrices[2].double()
    transforms = torch.eye(4, dtype=torch.float64).repeat(1, 3, 1, 1)
    transforms[0, 2] = rest @ torch.from_numpy(turn) @ torch.linalg.inv(rest)
    part = avatar.parts[0]
    posed = skin_points(part.mesh.vertices.double(), part.weights.double(), transforms)[0]
    triangles = glb.array(glb.document["meshes"][0]["primitives"][0]["indices"])
    shown = glb.skinned(0, {"lowerarm01.L": turn})[triangles]
    np.testing.assert_allclose(shown, corner_cloud(avatar, 0, posed), atol=1e-6)


def test_every_corner_keeps_its_texture_coordinate() -> None:
    avatar = limb_avatar()
    uv = avatar.parts[0].uv
    assert uv is not None
    glb = read_glb(glb_of(avatar))
    triangles = glb.array(glb.document["meshes"][0]["primitives"][0]["indices"])
    written = glb.attribute(0, "TEXCOORD_0")[triangles]
    expected = uv.coordinates.numpy()[uv.faces.reshape(-1).numpy()]
    np.testing.assert_allclose(written[:, 0], expected[:, 0], atol=1e-7)
    np.testing.assert_allclose(1 - written[:, 1], expected[:, 1], atol=1e-7)


def test_trimesh_sees_a_closed_surface_of_the_right_size(tmp_path: Path) -> None:
    avatar = limb_avatar()
    path = tmp_path / "avatar.glb"
    path.write_bytes(glb_of(avatar))
    meshes = list(trimesh.load_scene(path).geometry.values())
    tube = max(meshes, key=lambda mesh: mesh.area)
    tube.merge_vertices(merge_tex=True, merge_norm=True)
    truth = trimesh.Trimesh(avatar.parts[0].mesh.vertices, avatar.parts[0].mesh.faces)
    assert tube.is_watertight
    assert tube.volume == pytest.approx(truth.volume, rel=1e-5)
    assert tube.volume > 0
    assert tube.visual.material.baseColorTexture.size == (16, 16)


def test_only_the_four_strongest_influences_stay_and_sum_to_one() -> None:
    weights = np.array([[0.3, 0.1, 0.05, 0.25, 0.2, 0.1], [0.0, 0.0, 2.0, 0.0, 0.0, 0.0]])
    joints, kept = strongest_influences(weights, "body")
    assert sorted(joints[0][kept[0] > 0].tolist()) == [0, 1, 3, 4]
    np.testing.assert_allclose(kept.sum(axis=1), 1.0, atol=1e-7)
    assert joints[1].tolist() == [2, 0, 0, 0]
    assert kept[0][0] == pytest.approx(0.3 / 0.85)


def test_flat_colours_are_written_as_linear_light() -> None:
    """sRGB 0.5 is 0.2140 of white's light (IEC 61966-2-1)."""
    material = read_glb(glb_of(limb_avatar())).document["materials"][1]
    factor = material["pbrMetallicRoughness"]["baseColorFactor"]
    assert factor == pytest.approx([0.2140, 1.0, 0.0, 1.0], abs=1e-4)


def test_texture_is_embedded_unchanged() -> None:
    assert read_glb(glb_of(limb_avatar())).image(0) == checkered_png()


def test_maps_are_embedded_and_the_tangents_run_along_the_texture() -> None:
    """Normal map and roughness go with the part that shows them, and with their frames."""
    avatar = limb_avatar()
    png = checkered_png()
    glb = read_glb(build_glb(avatar, SurfaceTextures(png, png, png), {}, "test"))
    material = glb.document["materials"][0]
    textures = [
        material["pbrMetallicRoughness"]["baseColorTexture"]["index"],
        material["normalTexture"]["index"],
        material["pbrMetallicRoughness"]["metallicRoughnessTexture"]["index"],
    ]
    images = [glb.document["images"][glb.document["textures"][t]["source"]] for t in textures]
    assert [image["name"] for image in images] == ["albedo", "normals", "roughness"]
    assert "normalTexture" not in glb.document["materials"][1]
    attributes = glb.document["meshes"][0]["primitives"][0]["attributes"]
    tangents, normals = glb.array(attributes["TANGENT"]), glb.array(attributes["NORMAL"])
    np.testing.assert_allclose(np.linalg.norm(tangents[:, :3], axis=1), 1.0, atol=1e-5)
    np.testing.assert_allclose((tangents[:, :3] * normals).sum(1), 0.0, atol=1e-5)
    assert set(tangents[:, 3].tolist()) <= {1.0, -1.0}
    triangles = glb.array(glb.document["meshes"][0]["primitives"][0]["indices"]).reshape(-1, 3)
    places, flat = glb.array(attributes["POSITION"]), glb.array(attributes["TEXCOORD_0"])
    for corners in triangles[:50]:
        sides = places[corners[1:]] - places[corners[0]]
        along = flat[corners[1:], 0] - flat[corners[0], 0]
        mean = tangents[corners, :3].mean(0)
        if abs(np.linalg.det(np.stack([along, flat[corners[1:], 1] - flat[corners[0], 1]]))) > 1e-9:
            slope = np.linalg.lstsq(sides, along, rcond=None)[0]
            assert slope @ mean > 0  # u grows along the tangent


def test_extras_hold_tails_and_no_folder_of_the_artist() -> None:
    avatar = limb_avatar()
    settings = Settings(prior="/home/someone/secret/model")
    extras = describe_avatar(avatar, "anny", [], settings)
    written = read_glb(build_glb(avatar, SurfaceTextures(checkered_png()), extras, "test"))
    told = written.document["nodes"][0]["extras"]["album2avatar"]
    assert told["bones"][2]["tail"] == pytest.approx([0.8, 0.0, 1.21])
    assert told["landmarks"]["left_elbow"] == "lowerarm01.L"
    assert told["settings"]["prior"] == "model"
    assert "secret" not in json.dumps(written.document)


def test_avatar_stands_on_the_floor_with_its_bones() -> None:
    avatar = limb_avatar()
    standing = stand_on_floor(avatar)
    drop = avatar.parts[0].mesh.vertices[:, 2].min()
    assert float(standing.parts[0].mesh.vertices[:, 2].min()) == pytest.approx(0.0, abs=1e-6)
    moved = avatar.skeleton.matrices[:, 2, 3] - standing.skeleton.matrices[:, 2, 3]
    assert torch.allclose(moved, drop.expand(3))


def test_khronos_validator_finds_nothing(tmp_path: Path) -> None:
    script = READERS / "validate_gltf.mjs"
    if shutil.which("node") is None or not script.exists():
        pytest.skip("node or Khronos' validator is missing: run scripts/reader_env")
    path = tmp_path / "avatar.glb"
    png = checkered_png()
    path.write_bytes(build_glb(limb_avatar(), SurfaceTextures(png, png, png), {}, "test"))
    output = subprocess.run(
        ["node", str(script), str(path)], capture_output=True, text=True, check=True
    ).stdout
    issues = json.loads(output)["issues"]
    assert issues["messages"] == []
    assert issues["numErrors"] == 0


def test_vertex_without_bone_is_an_error_that_names_the_part() -> None:
    avatar = limb_avatar()
    free = replace(avatar.parts[1], weights=torch.zeros(6, 3))
    with pytest.raises(ExportError, match=r"6 vertices of part 'ball' hang on no bone"):
        glb_of(RiggedAvatar(avatar.skeleton, (avatar.parts[0], free)))


def test_coordinates_that_are_not_numbers_are_an_error() -> None:
    avatar = limb_avatar()
    mesh = avatar.parts[1].mesh
    broken = replace(avatar.parts[1], mesh=Mesh(mesh.vertices * float("nan"), mesh.faces))
    with pytest.raises(ExportError, match="not numbers"):
        glb_of(RiggedAvatar(avatar.skeleton, (avatar.parts[0], broken)))


def test_texture_that_is_no_png_is_an_error() -> None:
    with pytest.raises(ExportError, match="no PNG"):
        SurfaceTextures(b"\xff\xd8\xff\xe0 a JPEG")


@given(st.lists(st.floats(-3.2, 3.2), min_size=3, max_size=3))
def test_quaternions_agree_with_scipy(rotation_vector: list[float]) -> None:
    matrix = Rotation.from_rotvec(rotation_vector).as_matrix()
    ours = Rotation.from_quat(quaternion_from_rotation(matrix)).as_matrix()
    np.testing.assert_allclose(ours, matrix, atol=1e-12)


def test_nearest_rotation_of_a_sheared_matrix_is_a_rotation() -> None:
    matrix = Rotation.from_euler("xyz", [10, 20, 30], degrees=True).as_matrix()
    sheared = matrix + 1e-3 * np.arange(9).reshape(3, 3)
    nearest = nearest_rotation(sheared)
    np.testing.assert_allclose(nearest @ nearest.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(nearest) == pytest.approx(1.0)
    assert np.abs(nearest - matrix).max() < 1e-2
