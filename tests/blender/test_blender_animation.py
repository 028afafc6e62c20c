"""The animation of a video on an avatar in the scene: asked for, added, undone, exported."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from blenders import Blender
from conftest import ASSETS
from PIL import Image

from album2avatar.body.kinematics import forward_kinematics, rotation_matrices
from album2avatar.body.rigged import RiggedAvatar
from album2avatar.body.types import PhotoPoses
from album2avatar.export.clip_motion import PlacedClip, describe_clip, place_clip
from album2avatar.export.glb import build_glb
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.placement import stand_on_floor
from album2avatar.export.textures import SurfaceTextures
from album2avatar.render.camera import Cameras
from album2avatar.settings import Settings

pytestmark = pytest.mark.blender

VIDEO_FPS, SCENE_FPS, FIRST, COUNT = 15, 30, 5, 4
LAST = FIRST + (COUNT - 1) * SCENE_FPS / VIDEO_FPS
TURNED = ("root", "upperarm01.L", "lowerarm01.L", "upperleg01.R", "head")


@pytest.fixture(scope="module")
def placed(avatar: RiggedAvatar) -> PlacedClip:
    """Four frames in which an arm, a leg, the head and the whole body turn."""
    names = avatar.skeleton.names
    turns = torch.zeros(COUNT, len(names), 3)
    for number, bone in enumerate(TURNED):
        turns[:, names.index(bone), number % 3] = 0.25 * torch.arange(1, COUNT + 1)
    local = rotation_matrices(turns)
    transforms = forward_kinematics(avatar.skeleton.parents, avatar.skeleton.heads, local)
    transforms[..., 1, 3] += torch.arange(COUNT)[:, None] * 0.1 + 3
    cameras = Cameras(torch.eye(4).repeat(COUNT, 1, 1), torch.full((COUNT,), 0.5))
    poses = PhotoPoses(tuple("abcd"), transforms, cameras, torch.tensor([[60, 80]] * COUNT))
    return place_clip(avatar, poses, [index / VIDEO_FPS for index in range(COUNT)])


@pytest.fixture(scope="module")
def folder(
    avatar: RiggedAvatar,
    placed: PlacedClip,
    blender: Blender,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("animation")
    Image.new("RGB", (80, 60), (40, 90, 60)).save(folder / "plate.png")
    png = (folder / "plate.png").read_bytes()
    standing = stand_on_floor(avatar)
    extras = describe_avatar(standing, "anny", ASSETS, Settings())
    (folder / "avatar.glb").write_bytes(build_glb(standing, SurfaceTextures(png), extras, "test"))
    extras["clip"] = describe_clip(placed, 80, 60, VIDEO_FPS)
    animated = build_glb(standing, SurfaceTextures(png), extras, "test", [placed.motion])
    (folder / "animated.glb").write_bytes(animated)
    blender.run("inside_animation.py", folder, folder)
    return folder


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "findings.json").read_text())


@pytest.mark.parametrize("name", ["landed", "alone"])
def test_every_bone_moves_what_hangs_on_it_as_the_file_says(
    avatar: RiggedAvatar, placed: PlacedClip, folder: Path, name: str
) -> None:
    """On an avatar whose bones have another roll and a pose of their own as on a new one."""
    names = avatar.skeleton.names
    expected = placed.motion.transforms[:, [names.index(bone) for bone in sorted(names)]]
    assert np.abs(np.load(folder / f"{name}.npy") - expected).max() < 1e-4


def test_the_action_is_added_and_nothing_else_stays(found: dict[str, Any]) -> None:
    landed = found["an_animation_lands"]
    assert (landed["armature"], landed["action"]) == ("Mia", "Mia, dance")
    assert landed["added"] == {"objects": 1, "cameras": 1, "images": 1, "actions": 1}
    assert landed["former"] == [True, True]
    assert landed["active"]


def test_it_keeps_the_videos_pace_from_the_scenes_first_frame_on(found: dict[str, Any]) -> None:
    landed = found["an_animation_lands"]
    assert landed["range"] == pytest.approx([FIRST, LAST], abs=1e-3)
    assert (landed["fps"], landed["frame_end"]) == (SCENE_FPS, LAST)


def test_the_videos_camera_sees_the_plate(found: dict[str, Any], placed: PlacedClip) -> None:
    camera = found["an_animation_lands"]["camera"]
    expected = placed.camera_to_world.reshape(-1)
    assert camera["in_armature"] == pytest.approx(expected.tolist(), abs=1e-5)
    assert camera["vertical_fov"] == pytest.approx(0.5, abs=1e-5)
    assert (camera["plate"], camera["is_shown"]) == ([[80, 60], True], [True, "FIT"])


def test_one_step_of_undo_takes_it_away(found: dict[str, Any]) -> None:
    assert found["an_animation_lands"]["undone"] == [True, {}]


def test_an_animated_avatar_is_exported_as_at_rest(found: dict[str, Any]) -> None:
    landed = found["an_animation_lands"]
    is_same, difference = landed["exports"]
    assert is_same
    assert 0 <= difference < 1e-6
    assert landed["still_plays"]


def test_where_no_avatar_is_one_comes_along(found: dict[str, Any]) -> None:
    assert found["an_avatar_comes_along"] == {
        "name": "Mia",
        "job": "j1",
        "action": "Mia, dance",
        "extras": False,
        "tracks": 0,
        "cameras": 0,
    }


def test_what_hinders_is_said_and_leaves_the_scene_alone(found: dict[str, Any]) -> None:
    told = found["what_hinders"]
    assert "upperarm01.L is missing" in told["bones"]
    assert "on its way" in told["early"]
    assert "no animated avatar" in told["still"]
    assert told["left"] == [{}, True, {}]


def test_a_video_is_asked_for_once(found: dict[str, Any]) -> None:
    told = found["what_is_asked_for"]
    assert not told["without"]
    assert "MP4, MOV, MKV or WebM" in told["letter"]
    assert "before the start" in told["times"]
    assert "is being handed in" in told["twice"]
    assert "came from a file" in told["stranger"]
    assert (told["chosen"], told["problem"]) == ("j5", "There is no file.")
    trimmed = {"job": "j1", "video": "/tmp/a.mp4", "settings": {"clip": {"start": 0.5, "end": 2.0}}}
    assert told["asked"] == [
        ["POST", "/clips", {"job": "j1", "video": "/tmp/dance.MOV"}],
        ["POST", "/clips", trimmed],
    ]


@pytest.mark.parametrize("state", ["done", "running", "failed", "cancelled"])
def test_the_panels_draw_whatever_the_job_does(found: dict[str, Any], state: str) -> None:
    drawn = dict(found["panels_in_every_state"][state])
    assert drawn.pop("offers") == [state == "done"] * 2
    assert drawn == {"ALBUM2AVATAR_PT_jobs": False, "ALBUM2AVATAR_PT_avatar_animation": False}
