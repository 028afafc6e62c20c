"""Videos on avatars through the API, and what is refused before anything is animated."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from album2avatar.jobs.records import JobRecord
from album2avatar.pipeline.flows import CLIP_STAGES
from album2avatar.stage_table import CLIP_STAGE_NAMES, CLIP_STAGE_SHARES
from album2avatar.workspace import Workspace
from finished_avatar import JOB, plant_avatar
from running_service import DEMO_ALBUM, RunningService, read_events
from small_videos import standing, wandering, write_video
from toy_clip import toy_settings, write_egg


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with Anna's finished job and a video; its queue is paused."""
    folder = tmp_path_factory.mktemp("filmed")
    plant_avatar(folder)
    write_video(folder / "dance.mp4", wandering(4))
    (folder / "letter.txt").write_text("Dear aunt, this is no video.")
    running = RunningService(folder)
    running.client.put("/queue", json={"paused": True})
    yield running
    running.end()


def video_of(service: RunningService) -> str:
    return str(service.folder / "dance.mp4")


def test_a_clip_is_a_job_with_stages_of_its_own(filmed: RunningService):
    video = video_of(filmed)
    answer = filmed.client.post("/clips", json={"job": JOB, "video": video})
    assert answer.status_code == 202
    job = answer.json()
    assert (job["goal"], job["base"], job["state"]) == ("clip", JOB, "queued")
    assert (job["title"], job["video"]) == ("Anna, dance", video)
    assert job["stage_count"] == 5
    assert (job["avatar"], job["clip"], job["has_assets"]) == (None, None, False)
    assert job["id"] in filmed.get("/queue")["order"]


def test_the_stages_are_those_of_the_pipeline():
    assert tuple(stage.name for stage in CLIP_STAGES) == CLIP_STAGE_NAMES
    assert tuple(CLIP_STAGE_SHARES) == CLIP_STAGE_NAMES


def test_it_is_made_as_its_avatar_but_for_what_is_asked(filmed: RunningService):
    trim = {"clip": {"start": 0.1, "end": 0.3}}
    body = {"job": JOB, "video": video_of(filmed), "title": "Anna dances", "settings": trim}
    job = filmed.post("/clips", body)
    record = JobRecord.model_validate_json(
        (filmed.state / "jobs" / job["id"] / "job.json").read_bytes()
    )
    settings = record.settings()
    assert job["title"] == "Anna dances"
    assert (settings.clip.start, settings.clip.end) == (0.1, 0.3)
    assert settings.prior == str(filmed.folder / "prior")


@pytest.mark.parametrize(
    ("changes", "status", "named"),
    [
        ({"job": "j000000000000"}, 404, "job"),
        ({"video": "dance.mp4"}, 422, "no absolute path"),
        ({"video": "{folder}/no-such.mov"}, 422, "no file"),
        ({"video": "/{long}.mp4"}, 422, "no file"),
        ({"video": "{folder}/letter.txt"}, 422, "no video (MP4, MOV, MKV, WEBM)"),
        ({"video": "{folder}"}, 422, "no video"),
        ({"settings": {"clip": {"begin": 3}}}, 422, "clip.begin"),
        ({"workspace": "relative"}, 409, "relative"),
        ({"workspace": "~nobody-of-that-name/clip"}, 409, "no absolute path"),
        ({"workspace": "{folder}/Anna/clip"}, 409, "Choose another folder"),
        ({"workspace": "{folder}/Anna"}, 409, "works in"),
    ],
)
def test_what_can_not_be_animated_is_refused_with_a_sentence(
    filmed: RunningService, changes: dict[str, Any], status: int, named: str
):
    body = {"job": JOB, "video": video_of(filmed), **changes}
    for name in ("video", "workspace"):
        if name in body:
            body[name] = body[name].format(folder=filmed.folder, long="x" * 300)
    before = filmed.get("/jobs")
    answer = filmed.client.post("/clips", json=body)
    assert answer.status_code == status, answer.text
    assert named in answer.json()["error"]["message"]
    assert filmed.get("/jobs") == before


def test_a_clip_is_no_avatar_to_dress_or_animate(filmed: RunningService):
    clip = filmed.post("/clips", {"job": JOB, "video": video_of(filmed)})["id"]
    for path, body in (
        ("/clips", {"video": video_of(filmed)}),
        ("/swaps", {"kind": "bottom", "words": "red skirt"}),
    ):
        answer = filmed.client.post(path, json={"job": clip, **body})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
        assert "no finished avatar" in answer.json()["error"]["message"]


def test_a_clip_rests_goes_on_and_is_deleted(filmed: RunningService):
    job = filmed.post("/clips", {"job": JOB, "video": video_of(filmed)})
    path = f"/jobs/{job['id']}"
    assert filmed.client.delete(f"/jobs/{JOB}?files=true").status_code == 409
    filmed.post(f"{path}/cancel")
    assert filmed.client.post(f"{path}/resume", json={"goal": "avatar"}).status_code == 409
    resumed = filmed.post(f"{path}/resume", {})
    assert (resumed["goal"], resumed["state"]) == ("clip", "queued")
    filmed.post(f"{path}/cancel")
    _write_results(Workspace(Path(job["workspace"])))
    done = filmed.job(job["id"])["clip"]
    assert done["folder"] == str(Path(job["workspace"]) / "export")
    for name, begin in (("animation", b"glTF"), ("plate", b"\x89PNG"), ("sheet", b"\x89PNG")):
        assert done[name] == f"{job['id']}.{name}"
        assert filmed.client.get(f"/artifacts/{done[name]}").content == begin
    notes = Path(done["folder"]) / "notes.txt"
    notes.write_text("The artist's own.")
    assert filmed.client.delete(f"{path}?files=true").status_code == 204
    left = [found for found in Path(job["workspace"]).rglob("*") if found.is_file()]
    assert left == [notes]
    assert Path(video_of(filmed)).exists()


def _write_results(clip: Workspace) -> None:
    """What a clip leaves, without its content."""
    write_egg(clip.base)
    files = {
        clip.clip_glb: b"glTF",
        clip.clip_plate: b"\x89PNG",
        clip.clip_preview: b"\x89PNG",
        clip.clip_plate_unseen: b"",
        clip.clip_mask(0): b"",
        clip.clip_report: b"{}",
        clip.clip_file: b"{}",
        clip.frame(0): b"",
        clip.frames_index: b"{}",
        clip.sightings: b"{}",
        clip.person_mask(0): b"",
        clip.camera_motion: b"",
        clip.clip_poses: b"",
    }
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def filming(tmp_path: Path) -> Iterator[RunningService]:
    """A service that runs its jobs, with an avatar that is only an egg."""
    plant_avatar(tmp_path)
    write_egg(Workspace(tmp_path / "Anna"))
    running = RunningService(tmp_path)
    yield running
    running.end()


@pytest.mark.slow
def test_a_clip_is_made_from_the_video_to_the_animation(filming: RunningService):
    """With its picture and events, stopped and resumed."""
    frames = standing(DEMO_ALBUM / "IMG_0401.jpg", 4)
    video = write_video(filming.folder / "dance.mp4", frames)
    body = {"job": JOB, "video": str(video), "settings": toy_settings().model_dump()}
    job = filming.post("/clips", body)["id"]
    filming.wait_for_stage(job, "frames")
    filming.post(f"/jobs/{job}/cancel")
    filming.wait_for(job, "cancelled")
    assert filming.post(f"/jobs/{job}/resume", {})["goal"] == "clip"
    done = filming.wait_for(job, "done", seconds=400)
    artifact = filming.client.get(f"/artifacts/{done['clip']['animation']}")
    assert artifact.headers["content-type"] == "model/gltf-binary"
    assert artifact.content.startswith(b"glTF")
    for picture in (done["preview"], done["clip"]["sheet"], done["clip"]["plate"]):
        assert filming.client.get(f"/artifacts/{picture}").content.startswith(b"\x89PNG")
    with filming.client.stream("GET", f"/jobs/{job}/events") as stream:
        events = read_events(stream.iter_lines())
    stages = [data["stage"] for _, kind, data in events if kind == "progress"]
    assert tuple(dict.fromkeys(stages)) == CLIP_STAGE_NAMES
