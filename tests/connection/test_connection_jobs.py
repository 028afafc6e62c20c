"""Albums, jobs and events of the real backend, as the snapshot tells them."""

import os
import sys
from pathlib import Path

import pytest
from PIL import Image
from waiting import wait_for

from blender_addon.connection.connection import Connection
from blender_addon.connection.types import Launch, Problem


@pytest.fixture(scope="module")
def ready(tmp_path_factory) -> Connection:
    folder = tmp_path_factory.mktemp("backend")
    connection = Connection(folder / "cache")
    connection.start(Launch(Path(sys.executable), folder / "state", "0.1.0", os.getpid()))
    wait_for(lambda: connection.peek().status == "ready", 30)
    yield connection
    connection.close("now", 5.0)


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(2):
        noise = Image.effect_noise((640, 800), 80).convert("RGB")
        noise.save(folder / f"photo_{number}.jpg")
    return folder


def ask(connection: Connection, method: str, path: str, body=None):
    """The answer of a request, or its problem, as a panel would get it."""
    answers = []
    connection.request(method, path, body, then=answers.append, fail=answers.append)

    def answered():
        connection.drain(0.004)
        return answers

    return wait_for(answered, 30)[0]


def test_an_album_is_read_and_its_thumbnails_come(ready, photos):
    answer = ask(ready, "POST", "/albums", {"folder": str(photos)})
    # The snapshot knows it before the panel is told.
    assert ready.peek().album(answer["id"]) is not None
    album = wait_for(
        lambda: (found := ready.snapshot().album(answer["id"])).state == "ready" and found, 60
    )
    assert [photo.name for photo in album.photos] == ["photo_0.jpg", "photo_1.jpg"]
    thumbnails = [photo.thumbnail for photo in album.photos]
    for thumbnail in (*thumbnails, "no.such.thing", "../../etc/passwd"):
        ready.want_artifact(thumbnail)
    files = wait_for(
        lambda: (found := ready.peek().files) and set(thumbnails) <= set(found) and found
    )
    assert set(files) == set(thumbnails)
    for thumbnail in thumbnails:
        with Image.open(files[thumbnail]) as picture:
            assert max(picture.size) > 16


def test_a_job_is_followed_cancelled_and_resumed(ready, photos):
    assert not isinstance(ask(ready, "PUT", "/queue", {"paused": True}), Problem)
    assert ready.peek().queue.is_paused
    album = ask(ready, "POST", "/albums", {"folder": str(photos)})
    wait_for(lambda: ready.snapshot().album(album["id"]).state == "ready", 60)
    request = {"album": album["id"], "goal": "assets", "photos": ["photo_0"], "title": "Someone"}
    answer = ask(ready, "POST", "/jobs", request)
    assert not isinstance(answer, Problem), answer
    id = answer["id"]
    assert (ready.peek().job(id).state, ready.peek().job(id).title) == ("queued", "Someone")

    ready.follow(id)
    assert ready.peek().followed == id
    ask(ready, "POST", f"/jobs/{id}/cancel", {"force": False})
    wait_for(lambda: ready.snapshot().job(id).state == "cancelled", 10)
    told = ready.peek().job(id).last_event
    ask(ready, "POST", f"/jobs/{id}/resume", {})
    wait_for(lambda: ready.snapshot().job(id).state == "queued", 10)
    wait_for(lambda: ready.snapshot().job(id).last_event > told, 10)
    ask(ready, "POST", f"/jobs/{id}/cancel", {"force": True})
    wait_for(lambda: ready.snapshot().job(id).state == "cancelled", 10)
    ask(ready, "DELETE", f"/jobs/{id}")
    assert ready.peek().job(id) is None


def test_a_refused_request_is_a_sentence(ready, tmp_path):
    problem = ask(ready, "POST", "/albums", {"folder": str(tmp_path / "nowhere")})
    assert isinstance(problem, Problem)
    assert "nowhere" in problem.message
    ready.request("POST", "/albums", {"folder": str(tmp_path / "nowhere")})
    wait_for(lambda: ready.peek().problem == problem)
    ask(ready, "GET", "/jobs")
    assert ready.peek().problem is None
    assert ready.peek().status == "ready"


def test_the_doctors_findings_come_when_asked(ready):
    ready.examine()
    findings = wait_for(lambda: ready.peek().findings, 120)
    assert any(finding.subject == "torch" for finding in findings)


def test_the_snapshot_stays_the_same_while_nothing_happens(ready):
    ask(ready, "GET", "/jobs")
    ready.drain(0.004)
    before = ready.snapshot()
    ask(ready, "GET", "/jobs")
    assert ready.snapshot() is before
    assert not ready.drain(0.004)
