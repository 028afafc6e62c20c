"""What changes under the connection's hands: backends, files under old ids, edits."""

import os
import threading
from collections.abc import Callable, Iterator

import pytest
from scripted_backend import ScriptedBackend, job, launch_in, other_process
from waiting import wait_for

from blender_addon.connection.connection import Connection


@pytest.fixture
def scripted() -> Iterator[Callable[[], ScriptedBackend]]:
    """Makes backends that say what a test wants."""
    made: list[ScriptedBackend] = []

    def make() -> ScriptedBackend:
        made.append(ScriptedBackend())
        return made[-1]

    yield make
    for backend in made:
        backend.server.close()


@pytest.fixture
def found(connect, scripted, tmp_path) -> tuple[Connection, ScriptedBackend]:
    """A connection to a backend that runs already."""
    backend, connection = scripted(), connect()
    backend.announce(tmp_path / "state", os.getpid())
    connection.start(launch_in(tmp_path / "state"))
    wait_for(lambda: connection.peek().status == "ready")
    return connection, backend


def event_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "album2avatar events"]


def test_events_come_from_the_backend_that_took_the_others_place(connect, scripted, tmp_path):
    """The former one's port is never asked again, also where something still answers there."""
    former, later, connection = scripted(), scripted(), connect()
    for backend in (former, later):
        backend.answers["/jobs"] = {"jobs": [job("running", last_event=3)]}
    process = other_process()
    former.announce(tmp_path / "state", process.pid)
    connection.start(launch_in(tmp_path / "state"))
    connection.follow("job1")
    wait_for(lambda: former.asked("/jobs/job1/events"))

    later.announce(tmp_path / "state", os.getpid())
    process.kill()
    process.wait()
    wait_for(lambda: connection.snapshot() and later.asked("/jobs/job1/events"))
    later.events.put((4, "progress", {"stage": "paint", "progress": 0.5}))
    wait_for(lambda: connection.snapshot().job("job1").progress == 0.5)
    wait_for(lambda: len(event_threads()) == 1)
    assert former.asked("/jobs/job1/events") == 1


def test_a_look_for_the_former_backend_does_not_follow_its_events(connect, scripted, tmp_path):
    """It ends while a look at it is under way."""
    former, later, connection = scripted(), scripted(), connect()
    is_asked, may_answer = threading.Event(), threading.Event()

    def wait_with_the_wardrobe():
        is_asked.set()
        may_answer.wait(10)
        return {"items": []}

    former.answers["/jobs"] = {"jobs": [job("running"), job("done", id="job2")]}
    former.answers["/wardrobe"] = wait_with_the_wardrobe
    process = other_process()
    former.announce(tmp_path / "state", process.pid)
    connection.follow("job1")
    connection.start(launch_in(tmp_path / "state"))
    assert is_asked.wait(10)
    service = connection._service
    later.announce(tmp_path / "state", os.getpid())
    process.kill()
    process.wait()
    connection._on_end(service)
    may_answer.set()
    wait_for(lambda: later.asked("/jobs") > 0)
    assert former.asked("/jobs/job1/events") == 0


def test_a_backend_that_ends_in_the_first_look_keeps_requests_waiting(
    connect, scripted, tmp_path, monkeypatch
):
    """They go to the next one instead of being told that there is none."""
    former, later, connection = scripted(), scripted(), connect()
    process = other_process()
    may_start_again = threading.Event()
    starts = []
    start = connection._start

    def start_when_told(launch):
        starts.append(launch)
        if len(starts) > 1:
            may_start_again.wait(10)
        start(launch)

    def end():
        later.announce(tmp_path / "state", os.getpid())
        process.kill()
        process.wait()
        return {"jobs": "nonsense"}

    monkeypatch.setattr(connection, "_start", start_when_told)
    former.answers["/jobs"] = end
    former.announce(tmp_path / "state", process.pid)
    connection.start(launch_in(tmp_path / "state"))
    wait_for(lambda: len(starts) == 2)
    answers = []
    connection.request("GET", "/queue", then=answers.append, fail=answers.append)
    threading.Event().wait(0.3)
    connection.drain(0.004)
    assert answers == []
    may_start_again.set()
    wait_for(lambda: (connection.drain(0.004), answers)[1])
    assert answers == [later.answers["/queue"]]


def test_a_picture_made_anew_under_its_old_id_is_fetched_anew(found):
    """The job begins and ends by events alone; every poll comes too late to see it."""
    connection, backend = found
    artifact = "job1.preview.rig.00001"
    backend.answers["/jobs"] = {"jobs": [job("running", last_event=1, preview=artifact)]}
    backend.answers[f"/artifacts/{artifact}"] = b"old"
    connection.follow("job1")
    wait_for(lambda: backend.asked("/jobs/job1/events"))
    picture = shown(connection, artifact)
    assert picture.read_bytes() == b"old"

    backend.answers[f"/artifacts/{artifact}"] = b"new"
    done = job("done", last_event=2, preview=artifact)
    backend.answers["/jobs"] = {"jobs": [done]}
    backend.events.put((2, "state", {"state": "done"}))
    wait_for(lambda: connection.peek().job("job1").state == "done")
    newer = wait_for(lambda: (path := shown(connection, artifact)) != picture and path)
    assert newer.read_bytes() == b"new"


def shown(connection: Connection, artifact: str):
    """Where an artifact is, as a panel asks for it again and again."""

    def look():
        connection.want_artifact(artifact)
        return connection.peek().files.get(artifact)

    return wait_for(look)


def test_what_is_forgotten_on_its_way_does_not_arrive(found):
    connection, backend = found
    is_asked, may_answer = threading.Event(), threading.Event()
    contents = [b"new", b"old"]

    def answer():
        content = contents.pop()
        if content == b"old":
            is_asked.set()
            may_answer.wait(10)
        return content

    backend.answers["/artifacts/job1.preview"] = answer
    connection.want_artifact("job1.preview")
    assert is_asked.wait(10)
    connection._observer._cache.forget("job1.")
    may_answer.set()
    assert shown(connection, "job1.preview").read_bytes() == b"new"


def test_a_name_given_while_assets_are_read_is_read_at_once(found):
    connection, backend = found
    is_asked, may_answer = threading.Event(), threading.Event()
    names = ["jumper", "sweater"]

    def assets():
        name = names.pop() if len(names) > 1 else names[0]
        if name == "sweater":
            is_asked.set()
            may_answer.wait(10)
        return {"assets": [{"kind": "top", "name": name, "token": "<asset1>"}]}

    backend.answers["/jobs"] = {"jobs": [job("done", has_assets=True)]}
    backend.answers["/jobs/job1/assets"] = assets
    connection.follow("job1")
    assert is_asked.wait(10)
    answers = []
    connection.request("PATCH", "/jobs/job1/assets/top", then=answers.append)
    wait_for(lambda: any(method == "PATCH" for method, _, _ in backend.server.requests))
    wait_for(lambda: connection._observer._times_forgotten > 1)
    may_answer.set()
    wait_for(lambda: (connection.drain(0.004), answers)[1])
    (top,) = connection.peek().assets["job1"]
    assert top.name == "jumper"


def test_a_fault_of_the_extension_is_told_to_who_asked(found, monkeypatch):
    connection, _ = found
    monkeypatch.setattr(connection, "_look", lambda: 1 / 0)
    answers = []
    connection.request("POST", "/jobs", {}, then=answers.append, fail=answers.append)
    wait_for(lambda: (connection.drain(0.004), answers)[1])
    assert [problem.code for problem in answers] == ["bug"]


def test_a_request_before_a_closed_door_goes_to_the_next_backend(connect, scripted, tmp_path):
    """A backend that ends refuses requests some time before its process is gone."""
    former, later, connection = scripted(), scripted(), connect()
    process = other_process()
    former.announce(tmp_path / "state", process.pid)
    connection.start(launch_in(tmp_path / "state"))
    wait_for(lambda: connection.peek().status == "ready")
    former.server.close()
    told: list[object] = []
    connection.request("DELETE", "/jobs/job1", then=told.append, fail=told.append)
    later.announce(tmp_path / "state", os.getpid())
    process.kill()
    process.wait()

    def is_told() -> bool:
        connection.drain(0.004)
        return bool(told)

    wait_for(is_told)
    assert later.asked("/jobs/job1")
    assert not former.asked("/jobs/job1")
    assert not hasattr(told[0], "code")


def test_the_wardrobe_is_read_at_the_start_and_after_an_edit_only(found):
    """Without any job, too: its pieces may come from another machine."""
    connection, backend = found
    wait_for(lambda: backend.asked("/wardrobe") == 1)
    looks = backend.asked("/jobs")
    wait_for(lambda: connection.snapshot() and backend.asked("/jobs") > looks + 1)
    assert backend.asked("/wardrobe") == 1
    sweater = {"id": "w1", "kind": "top", "name": "sweater", "icon": "w1.icon"}
    backend.answers["/wardrobe"] = {"items": [], "deleted": [sweater]}
    connection.request("DELETE", "/wardrobe/w1")
    wait_for(lambda: connection.peek().wardrobe_deleted)
    assert connection.peek().wardrobe == ()
    backend.answers["/wardrobe"] = {"items": [sweater], "deleted": []}
    backend.answers["/jobs"] = {"jobs": [job("done")]}
    wait_for(lambda: connection.snapshot().wardrobe)
    assert connection.peek().wardrobe[0].name == "sweater"
    assert connection.peek().wardrobe_deleted == ()
