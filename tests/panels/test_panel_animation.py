"""Which avatar is animated after a video, and what is told of it."""

import json
import struct
from pathlib import Path

import pytest
from records import JOB, READY, replace

from blender_addon.animation.clip_camera import ClipCamera, read_camera
from blender_addon.animation.wish import is_video, obstacles, request_for
from blender_addon.connection.parsing import AnswerError, Fields, parse_job
from blender_addon.connection.types import Clip
from blender_addon.jobs.wording import state_line
from blender_addon.wardrobe.wish import obstacles as obstacles_to_dress
from blender_addon.wardrobe.wish import relatives

MIA = replace(JOB, id="j1", title="Mia", goal="avatar")
CLIP = Clip("j5.animation", "j5.plate", "/clips/mia/export")
DANCE = replace(JOB, id="j5", title="Mia, dance", goal="clip", base="j1", clip=CLIP)
KNOWN = replace(READY, jobs=(DANCE, MIA))
TOLD = {"id": "j5", "goal": "clip", "state": "done", "base": "j1"}


@pytest.mark.parametrize(
    ("snapshot", "job", "word"),
    [
        (replace(KNOWN, status="off"), MIA, "backend"),
        (KNOWN, None, "came from a file"),
        (KNOWN, replace(MIA, state="running"), "come to an end"),
        (KNOWN, DANCE, "come to an end"),
    ],
)
def test_what_hinders_is_said(snapshot, job, word):
    (sentence,) = obstacles(snapshot, job)
    assert word in sentence


def test_avatars_and_their_variants_can_be_animated():
    variant = replace(MIA, id="j3", goal="swap", base="j1")
    assert obstacles(KNOWN, MIA) == obstacles(KNOWN, variant) == ()


def test_only_what_was_trimmed_is_asked_for():
    whole = request_for(MIA, "/videos/dance.mp4", (0.0, 0.0), None)
    assert (whole.path, whole.body) == ("/clips", {"job": "j1", "video": "/videos/dance.mp4"})
    part = request_for(MIA, "/videos/dance.mp4", (0.5, 2.0004), "/avatars/mia-dance-1")
    assert part.body["settings"] == {"clip": {"start": 0.5, "end": 2.0}}
    assert part.body["workspace"] == "/avatars/mia-dance-1"


def test_a_video_is_told_by_its_name():
    assert is_video("/videos/Dance.MOV")
    assert not is_video("/videos/dance.gif")
    assert not is_video("/videos/mp4")


def test_a_clip_is_no_avatar_but_belongs_to_one():
    assert not DANCE.has_made_avatar
    assert obstacles_to_dress(KNOWN, DANCE, True) != ()
    assert "j1" in relatives(KNOWN, DANCE)
    assert state_line(DANCE) == "Done"


def test_an_animation_is_offered_when_it_is_done():
    assert DANCE.made_clip == CLIP
    assert replace(DANCE, state="running").made_clip is None


def test_the_backends_answer_is_read():
    told = {"animation": "j5.animation", "plate": "j5.plate", "folder": "/clips/mia/export"}
    assert parse_job(Fields({**TOLD, "clip": {**told, "sheet": "j5.sheet"}})).clip == CLIP
    assert parse_job(Fields(TOLD)).clip is None
    with pytest.raises(AnswerError, match="plate"):
        parse_job(Fields({**TOLD, "clip": {"animation": "j5.animation"}}))


def glb(path: Path, extras: object) -> Path:
    text = json.dumps({"nodes": [{}, {"extras": extras}]}).encode()
    path.write_bytes(struct.pack("<4sIIII", b"glTF", 2, 0, len(text), 0x4E4F534A) + text)
    return path


def test_the_camera_is_read_from_the_file(tmp_path: Path):
    told = {"camera_to_world": list(range(16)), "vertical_fov": 0.5}
    file = glb(tmp_path / "a.glb", {"album2avatar": {"clip": told}})
    assert read_camera(file) == ClipCamera(tuple(map(float, range(16))), 0.5)


@pytest.mark.parametrize(
    "clip",
    [
        None,
        {"vertical_fov": 0.5},
        {"camera_to_world": [1.0], "vertical_fov": 0.5},
        {"camera_to_world": [float("nan")] * 16, "vertical_fov": 0.5},
        {"camera_to_world": "left", "vertical_fov": []},
    ],
)
def test_a_file_that_tells_of_no_camera_has_none(tmp_path: Path, clip: object):
    assert read_camera(glb(tmp_path / "a.glb", {"album2avatar": {"clip": clip}})) is None
    assert read_camera(tmp_path / "missing.glb") is None
