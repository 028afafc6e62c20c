"""Jobs through the API, with a real pipeline behind it."""

import io
import shutil
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from album2avatar.draft_report import DraftReport, save_draft_report
from running_service import DEMO_ALBUM, SMALL_SETTINGS, RunningService, read_events
from small_videos import pattern, write_video


@dataclass(frozen=True)
class Followed:
    """A finished job, and the events that each reader saw."""

    job: str
    seen: list[list[Any]]


def top_of(listed: dict[str, Any], photo: str | None = None) -> dict[str, Any]:
    """What the album shows of the top in a photo, or where it shows most of it."""
    photos = next(asset["photos"] for asset in listed["assets"] if asset["kind"] == "top")
    return next(found for found in photos if photo in (None, found["photo"]))


@pytest.fixture(scope="module")
def album(service: RunningService) -> str:
    return service.small_album()


@pytest.fixture(scope="module")
def followed(service: RunningService, album: str) -> Followed:
    """A job that has found its assets, and what twelve readers saw of it meanwhile."""
    job = service.small_job(album)
    seen: list[list[Any]] = []

    def follow() -> None:
        seen.append(events_of(service, job))

    def follow_brokenly() -> None:
        """Lose the connection after every few events."""
        events: list[Any] = []
        while not events or events[-1][1] != "end":
            headers = {"Last-Event-ID": str(len(events))}
            with service.client.stream("GET", f"/jobs/{job}/events", headers=headers) as stream:
                events += read_events(stream.iter_lines(), at_most=3)
        seen.append(events)

    readers = [threading.Thread(target=follow) for _ in range(8)]
    readers += [threading.Thread(target=follow_brokenly) for _ in range(4)]
    for reader in readers:
        reader.start()
    service.wait_for(job, "done")
    for reader in readers:
        reader.join(20)
    return Followed(job, seen)


@pytest.fixture(scope="module")
def found(followed: Followed) -> str:
    return followed.job


def events_of(service: RunningService, job: str, **headers: str) -> list[Any]:
    with service.client.stream("GET", f"/jobs/{job}/events", headers=headers) as stream:
        return read_events(stream.iter_lines())


class TestAlbums:
    def test_an_album_tells_of_its_photos(self, service: RunningService, album: str):
        shown = service.get(f"/albums/{album}")
        assert (shown["read"], shown["total"], shown["title"]) == (3, 3, "album")
        assert [photo["name"] for photo in shown["photos"]] == [
            "IMG_0401.jpg",
            "IMG_0403.jpg",
            "IMG_0411.jpg",
        ]
        thumbnail = service.client.get(f"/artifacts/{shown['photos'][0]['thumbnail']}")
        assert thumbnail.headers["content-type"] == "image/png"
        assert thumbnail.content.startswith(b"\x89PNG")

    def test_the_same_folder_is_the_same_album_and_another_choice_is_not(
        self, service: RunningService, album: str
    ):
        folder = service.get(f"/albums/{album}")["folder"]
        assert service.post("/albums", {"folder": folder})["id"] == album
        other = service.post("/albums", {"folder": folder, "names": ["IMG_0401.jpg"]})
        assert other["id"] != album
        assert other["total"] == 1
        service.client.delete(f"/albums/{other['id']}")
        assert service.client.get(f"/albums/{other['id']}").status_code == 404
        assert (Path(folder) / "IMG_0401.jpg").exists()
        service.wait(lambda: service.get(f"/albums/{album}")["state"] == "ready", 180)

    def test_a_broken_photo_is_rejected_with_its_reason(
        self, service: RunningService, tmp_path: Path
    ):
        (tmp_path / "letter.jpg").write_text("Dear aunt, this is no photo.")
        album = service.post("/albums", {"folder": str(tmp_path)})["id"]
        service.wait(lambda: service.get(f"/albums/{album}")["state"] == "ready", 180)
        photo = service.get(f"/albums/{album}")["photos"][0]
        assert (photo["verdict"], photo["thumbnail"]) == ("rejected", None)
        assert "letter.jpg" in photo["warnings"][0]
        answer = service.client.post("/jobs", json={"album": album, "goal": "assets"})
        assert answer.status_code == 422
        assert "No photo" in answer.json()["error"]["message"]

    def test_what_speaks_against_photos_and_frames_is_told_and_counted(
        self, service: RunningService, tmp_path: Path
    ):
        with Image.open(DEMO_ALBUM / "IMG_0401.jpg") as image:
            image.save(tmp_path / "first.png")
            image.resize((360, 480)).save(tmp_path / "second.jpg")
        write_video(tmp_path / "wall.mp4", [pattern()] * 3)
        album = service.post("/albums", {"folder": str(tmp_path)})["id"]
        service.wait(lambda: service.get(f"/albums/{album}")["state"] == "ready", 180)
        shown = service.get(f"/albums/{album}")
        verdicts = {photo["name"]: photo["verdict"] for photo in shown["photos"]}
        assert verdicts["first.png"] == "good"
        assert "first.png" in shown["photos"][1]["warnings"][0]
        assert [name for name in verdicts if name.startswith("wall.mp4@")] == [
            "wall.mp4@0.000",
            "wall.mp4@0.100",
            "wall.mp4@0.200",
        ]
        assert (shown["funnel"][0]["count"], shown["funnel"][-1]) == (
            5,
            {"step": "used", "count": 1},
        )
        assert all(photo["is_readable"] for photo in shown["photos"])
        body = {"album": album, "goal": "assets", "photos": ["second", "wall_t0000-100"]}
        job = service.post("/jobs", {**body, "workspace": str(tmp_path.parent / "kept")})["id"]
        service.post(f"/jobs/{job}/cancel")
        service.wait_for(job, "cancelled", "failed", "done")


PHOTOGRAPHS = {"provider": "grounded_sam", "grounded_sam": {"detector": "/no-detector"}}


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "status", "named"),
        [
            ({"album": "a000000000000"}, 404, "album"),
            ({"photos": ["img_9999"]}, 422, "img_9999"),
            ({"photos": []}, 422, "No photo"),
            ({"preset": "cinema"}, 422, "cinema"),
            ({"settings": {"sculpt": {"stepps": 3}}}, 422, "sculpt.stepps"),
            ({"settings": {"sculpt": {"steps": -1}}}, 422, "sculpt.steps"),
            ({"settings": {"prior": "no-such-model"}}, 422, "no-such-model"),
            ({"body": "smplx", "smplx_file": "/nowhere.npz"}, 422, "/nowhere.npz"),
            ({"settings": {"segmentation": PHOTOGRAPHS}}, 422, "/no-detector"),
            ({"body": "robot"}, 422, "body"),
            ({"goal": "film"}, 422, "goal"),
            ({"workspace": "relative/folder"}, 409, "relative/folder"),
            ({"workspace": "{album}/avatar"}, 409, "never changed"),
            ({"workspace": "{thesis}"}, 409, "empty folder"),
        ],
    )
    def test_a_job_that_can_not_be_made_is_refused_with_a_sentence(
        self,
        service: RunningService,
        album: str,
        tmp_path: Path,
        changes: dict[str, Any],
        status: int,
        named: str,
    ):
        (tmp_path / "thesis.txt").write_text("years of work")
        body = {"album": album, "goal": "assets", "workspace": str(tmp_path / "avatar"), **changes}
        folder = service.get(f"/albums/{album}")["folder"]
        body["workspace"] = body["workspace"].format(album=folder, thesis=tmp_path)
        before = service.get("/jobs")
        answer = service.client.post("/jobs", json=body)
        assert answer.status_code == status
        assert named in answer.json()["error"]["message"]
        assert service.get("/jobs") == before
        assert not (tmp_path / "avatar").exists()
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


class TestAssets:
    def test_the_job_says_where_it_stands(self, service: RunningService, found: str):
        job = service.job(found)
        assert (job["state"], job["goal"], job["progress"]) == ("done", "assets", 1.0)
        assert (job["stage_count"], job["stage_title"]) == (2, "Find the assets")
        assert job["has_assets"]
        assert (job["draft"], job["avatar"]) == (None, None)
        assert job["attempts"] == 1
        assert service.client.get(f"/artifacts/{job['preview']}").content.startswith(b"\x89PNG")
        assert b"segment is done" in service.client.get(f"/artifacts/{job['log']}").content

    def test_a_draft_is_an_artifact_as_soon_as_it_is_there(
        self, service: RunningService, found: str
    ):
        glb = Path(service.job(found)["workspace"]) / "draft" / "avatar.glb"
        glb.parent.mkdir()
        glb.write_bytes(b"glTF of a draft")
        job = service.job(found)
        assert (job["draft"], job["avatar"]) == (f"{found}.draft", None)
        answer = service.client.get(f"/artifacts/{job['draft']}")
        assert answer.headers["content-type"] == "model/gltf-binary"
        assert answer.content == glb.read_bytes()
        glb.unlink()
        assert service.job(found)["draft"] is None

    def test_what_a_draft_guessed_is_said_and_shown(self, service: RunningService, found: str):
        folder = Path(service.job(found)["workspace"]) / "draft"
        folder.mkdir(exist_ok=True)
        save_draft_report(folder / "report.json", DraftReport(seen=0.3, mirrored=0.1))
        (folder / "seen.png").write_bytes(b"a picture")
        job = service.job(found)
        assert job["draft_note"].endswith("the other side lends 10 %, 60 % are guessed.")
        assert (job["draft_seen"], job["seen"]) == (f"{found}.draft_seen", None)
        assert service.client.get(f"/artifacts/{found}.draft_seen").content == b"a picture"
        assert service.client.get(f"/artifacts/{found}.seen").status_code == 404
        (folder / "report.json").write_text("{")
        (folder / "seen.png").unlink()
        job = service.job(found)
        assert (job["draft_note"], job["draft_seen"]) == ("", None)
        (folder / "report.json").unlink()

    def test_assets_have_icons_and_masks(self, service: RunningService, found: str):
        listed = service.get(f"/jobs/{found}/assets")
        assert listed["is_editable"]
        assert {"face", "top"} <= {asset["kind"] for asset in listed["assets"]}
        for asset in listed["assets"]:
            for artifact in (asset["icon"], asset["photos"][0]["preview"]):
                picture = service.client.get(f"/artifacts/{artifact}")
                assert picture.headers["content-type"] == "image/png"
                assert picture.content.startswith(b"\x89PNG")

    def test_a_mask_is_painted_and_used(self, service: RunningService, found: str, tmp_path: Path):
        """As an image editor would do it: open, erase a corner of the top, add some, save."""
        path = f"/jobs/{found}/assets"
        before = top_of(service.get(path))
        artifact = service.client.get(f"/artifacts/{before['painting']}")
        painting = np.array(Image.open(io.BytesIO(artifact.content)))
        opacity = painting[..., 3]
        assert (opacity == 255).mean() == pytest.approx(before["share"], abs=1e-4)
        rows = np.flatnonzero((opacity == 255).any(1))
        opacity[rows[: len(rows) // 2]] = 0
        opacity[:4] = 255
        kept = (opacity == 255).mean()
        Image.fromarray(painting).save(tmp_path / "mask.png")
        target = f"{path}/top/masks/{before['photo']}"
        listed = service.client.put(target, json={"path": str(tmp_path / "mask.png")})
        assert listed.status_code == 200, listed.text
        assert top_of(listed.json(), before["photo"])["share"] == pytest.approx(kept, abs=1e-4)

    def test_a_mask_that_can_not_be_used_is_refused(
        self, service: RunningService, found: str, tmp_path: Path
    ):
        path = f"/jobs/{found}/assets"
        before = service.get(path)
        photo = top_of(before)["photo"]
        Image.new("RGBA", (7, 5)).save(tmp_path / "small.png")
        (tmp_path / "text.png").write_text("no picture")
        for kind, of_photo, file, status, words in (
            ("top", photo, tmp_path / "small.png", 422, "7 x 5 pixels"),
            ("top", photo, tmp_path / "text.png", 422, "can't be read"),
            ("top", photo, tmp_path / "none.png", 422, "can't be read"),
            ("top", photo, Path("small.png"), 422, "no absolute path"),
            ("top", "nobody", tmp_path / "small.png", 404, "no photo"),
            ("bag", photo, tmp_path / "small.png", 404, "no asset"),
        ):
            target = f"{path}/{kind}/masks/{of_photo}"
            answer = service.client.put(target, json={"path": str(file)})
            assert answer.status_code == status, answer.text
            assert words in answer.json()["error"]["message"]
        assert service.get(path) == before

    def test_assets_can_be_renamed_merged_and_dropped(self, service: RunningService, found: str):
        path = f"/jobs/{found}/assets"
        kinds = [asset["kind"] for asset in service.get(path)["assets"]]
        renamed = service.client.patch(f"{path}/top", json={"name": "striped sweater"}).json()
        assert {a["kind"]: a["name"] for a in renamed["assets"]}["top"] == "striped sweater"
        merged = service.post(f"{path}/skin/merge", {"into": "face"})
        assert [asset["kind"] for asset in merged["assets"]] == [k for k in kinds if k != "skin"]
        dropped = service.client.delete(f"{path}/shoes").json()
        assert dropped == service.get(path)
        assert "shoes" not in {asset["kind"] for asset in dropped["assets"]}

    @pytest.mark.parametrize(
        ("method", "path", "body", "status"),
        [
            ("PATCH", "bag", {"name": "bag"}, 404),
            ("PATCH", "top", {"name": "far too many words for a name"}, 422),
            ("PATCH", "top", {"name": ""}, 422),
            ("POST", "top/merge", {"into": "bag"}, 404),
            ("POST", "top/merge", {"into": "top"}, 422),
            ("DELETE", "bag", None, 404),
        ],
    )
    def test_nonsense_is_refused_and_changes_nothing(
        self,
        service: RunningService,
        found: str,
        method: str,
        path: str,
        body: dict[str, str] | None,
        status: int,
    ):
        before = service.get(f"/jobs/{found}/assets")
        answer = service.client.request(method, f"/jobs/{found}/assets/{path}", json=body)
        assert answer.status_code == status
        assert service.get(f"/jobs/{found}/assets") == before


class TestEvents:
    def test_a_stream_has_every_event_in_order_and_ends(self, service: RunningService, found: str):
        events = events_of(service, found)
        numbers = [number for number, kind, _ in events if kind != "end"]
        assert numbers == list(range(1, service.job(found)["last_event"] + 1))
        assert events[-1][1] == "end"
        states = [data["state"] for _, kind, data in events if kind == "state"]
        assert states == ["queued", "running", "done"]
        shares = [data["progress"] for _, kind, data in events if kind == "progress"]
        assert shares == sorted(shares)
        assert shares[-1] == 1.0

    @pytest.mark.parametrize("known", [0, 1, 4])
    def test_a_reader_who_comes_back_gets_what_it_missed(
        self, service: RunningService, found: str, known: int
    ):
        whole = events_of(service, found)
        rest = events_of(service, found, **{"Last-Event-ID": str(known)})
        assert rest == whole[known:]
        with service.client.stream("GET", f"/jobs/{found}/events?after={known}") as stream:
            assert read_events(stream.iter_lines()) == rest

    def test_a_reader_who_knows_all_is_told_the_end(self, service: RunningService, found: str):
        last = str(service.job(found)["last_event"])
        assert [kind for _, kind, _ in events_of(service, found, **{"Last-Event-ID": last})] == [
            "end"
        ]

    def test_many_readers_of_a_running_job_all_see_the_same(
        self, service: RunningService, followed: Followed
    ):
        assert len(followed.seen) == 12
        whole = events_of(service, followed.job)
        for events in followed.seen:
            assert events == whole


class TestCancelling:
    def test_a_running_job_stops_within_five_seconds_and_can_be_resumed(
        self, service: RunningService, album: str
    ):
        job = service.small_job(album, goal="avatar", name="cancelled")
        service.wait_for_stage(job, "segment")
        assert service.client.delete(f"/jobs/{job}").status_code == 409
        assert service.client.post(f"/jobs/{job}/resume", json={}).status_code == 409
        assert service.client.delete(f"/jobs/{job}/assets/top").status_code == 409
        began = time.monotonic()
        assert service.post(f"/jobs/{job}/cancel")["state"] == "cancelling"
        service.wait_for(job, "cancelled")
        assert time.monotonic() - began < 5
        assert not service.workers()
        assert service.post(f"/jobs/{job}/resume", {"goal": "assets"})["goal"] == "assets"
        service.wait_for(job, "running")
        service.post(f"/jobs/{job}/cancel", {"force": True})
        assert service.wait_for(job, "cancelled")["attempts"] == 2
        assert [e[2]["state"] for e in events_of(service, job) if e[1] == "state"] == [
            "queued", "running", "cancelling", "cancelled",
            "queued", "running", "cancelling", "cancelled",
        ]  # fmt: skip

    def test_a_forced_cancel_takes_less_than_two_seconds(self, service: RunningService, album: str):
        job = service.small_job(album, name="forced")
        service.wait_for(job, "running")
        service.wait(lambda: bool(service.workers()), 10)
        began = time.monotonic()
        service.post(f"/jobs/{job}/cancel", {"force": True})
        service.wait_for(job, "cancelled")
        assert time.monotonic() - began < 2
        assert not service.workers()
        assert service.post(f"/jobs/{job}/cancel")["state"] == "cancelled"

    def test_deleting_with_files_leaves_what_is_not_ours(self, service: RunningService, found: str):
        workspace = Path(service.job(found)["workspace"])
        copy = workspace.parent / "copy"
        shutil.copytree(workspace, copy)
        (workspace / "my notes.txt").write_text("not ours")
        assert service.client.delete(f"/jobs/{found}?files=true").status_code == 204
        assert [path.name for path in workspace.iterdir()] == ["my notes.txt"]
        assert service.client.get(f"/jobs/{found}").status_code == 404
        assert service.client.get(f"/artifacts/{found}.log").status_code == 404


class TestQueue:
    @pytest.fixture
    def paused(self, own_service: RunningService) -> RunningService:
        own_service.client.put("/queue", json={"paused": True})
        return own_service

    def test_jobs_wait_in_order_and_can_be_put_into_another(self, paused: RunningService):
        album = paused.small_album()
        jobs = [paused.small_job(album, name=f"avatar{i}") for i in range(3)]
        assert paused.get("/queue")["order"] == jobs
        assert [paused.job(job)["position"] for job in jobs] == [1, 2, 3]
        turned = jobs[::-1]
        assert paused.post("/queue/order", {"order": turned})["order"] == turned
        assert paused.client.post("/queue/order", json={"order": jobs[:2]}).status_code == 409
        paused.kill()
        paused.start()
        assert paused.get("/queue")["order"] == turned
        assert paused.get("/health")["queue"]["paused"]
        assert paused.post(f"/jobs/{jobs[2]}/cancel")["state"] == "cancelled"
        assert paused.get("/queue")["order"] == [jobs[1], jobs[0]]
        for job in jobs:
            Path(paused.job(job)["workspace"], "workspace.json").write_text("{")
        paused.client.put("/queue", json={"paused": False})
        for job in (jobs[1], jobs[0]):
            failed = paused.wait_for(job, "failed")
            assert failed["error"]["code"] == "workspace"
        began = [paused.job(job)["finished_at"] for job in (jobs[1], jobs[0])]
        assert began == sorted(began)
        assert paused.job(jobs[2])["attempts"] == 0

    def test_the_queue_pauses_itself_after_three_failures_and_remembers_it(
        self, paused: RunningService
    ):
        album = paused.small_album()
        jobs = [paused.small_job(album, name=f"avatar{i}") for i in range(4)]
        for job in jobs:
            Path(paused.job(job)["workspace"], "workspace.json").write_text("{")
        paused.client.put("/queue", json={"paused": False})
        for job in jobs[:3]:
            paused.wait_for(job, "failed")
        time.sleep(1)
        assert paused.job(jobs[3])["state"] == "queued"
        paused.kill()
        paused.start()
        queue = paused.get("/queue")
        assert queue["paused"]
        assert "3 jobs failed" in queue["message"]
        assert queue["order"] == [jobs[3]]
        paused.client.put("/queue", json={"paused": False})
        paused.wait_for(jobs[3], "failed")
        assert not paused.get("/queue")["paused"]

    def test_a_key_makes_one_job_however_often_it_is_sent(self, paused: RunningService):
        album = paused.small_album()
        body = {"album": album, "goal": "assets", "settings": SMALL_SETTINGS}
        key = {"Idempotency-Key": "click-1"}
        job = paused.client.post("/jobs", json=body, headers=key).json()["id"]
        assert paused.client.post("/jobs", json=body, headers=key).json()["id"] == job
        paused.kill()
        paused.start()
        assert paused.client.post("/jobs", json=body, headers=key).json()["id"] == job
        assert len(paused.get("/jobs")["jobs"]) == 1
        other = paused.client.post("/jobs", json={**body, "goal": "avatar"}, headers=key)
        assert other.status_code == 409

    def test_a_folder_belongs_to_one_job(self, paused: RunningService):
        album = paused.small_album()
        paused.small_job(album)
        body = {"album": album, "goal": "assets", "workspace": str(paused.folder / "avatar")}
        answer = paused.client.post("/jobs", json=body)
        assert answer.status_code == 409
        assert "works in" in answer.json()["error"]["message"]


class TestInterruptions:
    def test_a_killed_service_takes_its_worker_along_and_goes_on_after_a_restart(
        self, own_service: RunningService
    ):
        album = own_service.small_album()
        job = own_service.small_job(album)
        own_service.wait_for_stage(job, "intake")
        (worker,) = own_service.workers()
        own_service.kill()
        psutil.wait_procs([worker], timeout=3)
        assert not worker.is_running()
        own_service.start()
        done = own_service.wait_for(job, "done")
        assert done["attempts"] == 2
        numbers = [number for number, kind, _ in events_of(own_service, job) if kind != "end"]
        assert numbers == list(range(1, len(numbers) + 1))

    @pytest.mark.slow
    def test_a_worker_that_dies_is_started_again(self, own_service: RunningService):
        job = own_service.small_job(own_service.small_album())
        own_service.wait_for_stage(job, "intake")
        (worker,) = own_service.workers()
        worker.kill()
        done = own_service.wait_for(job, "done")
        assert done["attempts"] == 2
        said = [data["message"] for _, kind, data in events_of(own_service, job) if kind == "state"]
        assert any("started again" in message for message in said)

    def test_a_stopped_service_keeps_its_job_for_the_next_start(self, own_service: RunningService):
        job = own_service.small_job(own_service.small_album())
        own_service.wait(lambda: bool(own_service.workers()), 20)
        (worker,) = own_service.workers()
        began = time.monotonic()
        assert own_service.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < 8
        assert not worker.is_running()
        own_service.start()
        own_service.wait(lambda: own_service.job(job)["state"] == "running", 10)
        own_service.post(f"/jobs/{job}/cancel", {"force": True})
        own_service.kill()  # a job that was being cancelled doesn't come back
        own_service.start()
        assert own_service.wait_for(job, "cancelled")["state"] == "cancelled"
        assert not own_service.workers()

    @pytest.mark.slow
    def test_a_service_whose_parent_ends_may_finish_its_jobs_first(self, tmp_path: Path):
        with subprocess.Popen(["sleep", "1000"]) as parent:
            service = RunningService(tmp_path, "--parent-pid", str(parent.pid))
            service.client.put("/service", json={"when_parent_ends": "finish"})
            job = service.small_job(service.small_album())
            service.wait_for(job, "running")
            parent.kill()
        service.wait_for(job, "done")
        assert service.process is not None
        assert service.process.wait(20) == 0
        service.options = ()
        service.start()
        assert service.job(job)["state"] == "done"
        service.end()

    @pytest.mark.slow
    def test_a_silent_stream_is_kept_alive(self, own_service: RunningService):
        own_service.client.put("/queue", json={"paused": True})
        job = own_service.small_job(own_service.small_album())
        began = time.monotonic()
        with own_service.client.stream("GET", f"/jobs/{job}/events") as stream:
            beats = (line for line in stream.iter_lines() if line == ": still here")
            next(beats)
            assert 9 < time.monotonic() - began < 13


def test_an_avatar_of_words_alone(own_service: RunningService):
    """Handed in, described, made; a job like others, but without photos to look pieces up in."""
    wish = {
        "prompt": "a woman with long brown hair wearing a red t-shirt and blue trousers",
        "settings": {**SMALL_SETTINGS, "sculpt": {**SMALL_SETTINGS["sculpt"], "steps": 2}},
    }
    refused = own_service.client.post("/prompts", json={**wish, "prompt": ""})
    assert refused.status_code == 422
    job = own_service.post("/prompts", wish)["id"]
    begun = own_service.job(job)
    assert (begun["goal"], begun["album"], begun["folder"]) == ("words", None, "")
    assert (begun["stage_count"], begun["prompt"]) == (6, wish["prompt"])
    done = own_service.wait_for(job, "done", seconds=300)
    assert own_service.client.get(f"/artifacts/{done['avatar']}").content.startswith(b"glTF")
    assert own_service.get(f"/jobs/{job}/assets") == {"is_editable": False, "assets": []}
    renamed = own_service.client.patch(f"/jobs/{job}/assets/top", json={"name": "shirt"})
    assert (renamed.status_code, renamed.json()["error"]["code"]) == (409, "conflict")
    other_goal = own_service.client.post(f"/jobs/{job}/resume", json={"goal": "assets"})
    assert other_goal.status_code == 409
    swap = {"job": job, "kind": "bottom", "words": "green skirt"}
    variant = own_service.post("/swaps", swap)
    assert (variant["base"], variant["folder"]) == (job, "")
    own_service.post(f"/jobs/{variant['id']}/cancel", {"force": True})
    assert own_service.get("/wardrobe")["items"] == []
