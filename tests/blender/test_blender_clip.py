"""Blender makes an action of the animated GLB: a key for each frame, and the mesh in its pose."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from blenders import Blender
from PIL import Image
from scipy.spatial import KDTree

from album2avatar.body.kinematics import forward_kinematics, rotation_matrices
from album2avatar.body.rigged import RiggedAvatar
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.export.clip_motion import PlacedClip, place_clip
from album2avatar.export.glb import build_glb
from album2avatar.export.gltf_geometry import strongest_influences
from album2avatar.export.placement import stand_on_floor
from album2avatar.export.textures import SurfaceTextures
from album2avatar.render.camera import Cameras

pytestmark = pytest.mark.blender

SECONDS = tuple(index / 15 for index in range(4))
TURNED = ("root", "upperarm01.L", "lowerarm01.L", "upperleg01.R")


def dancing(avatar: RiggedAvatar) -> PhotoPoses:
    """Four frames in which an arm, a leg and the whole body turn."""
    names, count = avatar.skeleton.names, len(SECONDS)
    turns = torch.zeros(count, len(names), 3)
    for number, bone in enumerate(TURNED):
        turns[:, names.index(bone), number % 3] = 0.25 * torch.arange(1, count + 1)
    local = rotation_matrices(turns)
    transforms = forward_kinematics(avatar.skeleton.parents, avatar.skeleton.heads, local)
    transforms[..., 1, 3] += torch.arange(count)[:, None] * 0.1 + 3
    cameras = Cameras(torch.eye(4).repeat(count, 1, 1), torch.full((count,), 0.5))
    return PhotoPoses(("a", "b", "c", "d"), transforms, cameras, torch.tensor([[60, 80]] * count))


@pytest.fixture(scope="module")
def placed(avatar: RiggedAvatar) -> PlacedClip:
    return place_clip(avatar, dancing(avatar), SECONDS)


@pytest.fixture(scope="module")
def imported(
    avatar: RiggedAvatar,
    placed: PlacedClip,
    blender: Blender,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[dict[str, Any], Path]:
    folder = tmp_path_factory.mktemp("clip")
    Image.new("RGB", (8, 8)).save(folder / "albedo.png")
    png = (folder / "albedo.png").read_bytes()
    glb = folder / "animated.glb"
    glb.write_bytes(
        build_glb(stand_on_floor(avatar), SurfaceTextures(png), {}, "test", [placed.motion])
    )
    blender.run("inside_clip.py", glb, folder)
    return json.loads((folder / "found.json").read_text()), folder


def test_there_is_one_action_with_a_key_for_each_frame(
    imported: tuple[dict[str, Any], Path],
) -> None:
    found, _ = imported
    assert found["is_active"]
    assert found["keys"] == [len(SECONDS)]
    assert np.diff(found["moments"]) == pytest.approx([1, 1, 1], abs=1e-3)
    assert found["turned"] == sorted(TURNED)


def test_the_posed_mesh_is_where_the_tracked_poses_have_it(
    avatar: RiggedAvatar, placed: PlacedClip, imported: tuple[dict[str, Any], Path]
) -> None:
    _, folder = imported
    part = stand_on_floor(avatar).parts[0]
    joints, kept = strongest_influences(part.weights.double().numpy(), "avatar")
    weights = np.zeros(part.weights.shape)
    np.put_along_axis(weights, joints.astype(np.int64), kept.astype(np.float64), 1)
    used = part.mesh.faces.unique()
    for key in range(len(SECONDS)):
        transforms = torch.from_numpy(placed.motion.transforms[key : key + 1])
        expected = skin_points(
            part.mesh.vertices.double()[used], torch.from_numpy(weights)[used], transforms
        )[0]
        shown = np.load(folder / f"posed{key}.npy")
        assert KDTree(shown).query(expected.numpy())[0].max() < 1e-3
        assert KDTree(expected.numpy()).query(shown)[0].max() < 1e-3
