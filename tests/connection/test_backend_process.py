"""Starting, finding, losing and stopping a backend: the real one where it can be made to fail so,
and small programs in its place where it can't."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from scripted_backend import ScriptedBackend, other_process
from waiting import wait_for

from blender_addon.connection import connection as connection_module
from blender_addon.connection import process
from blender_addon.connection.connection import Connection
from blender_addon.connection.processes import is_alive
from blender_addon.connection.types import Launch

VERSION = "0.1.0"
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture
def launch(tmp_path):
    return Launch(Path(sys.executable), tmp_path / "state", VERSION, os.getpid())


def program(path: Path, text: str) -> Path:
    """A program that takes the place of Python."""
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def settled(connection: Connection, seconds: float = 30.0):
    """The snapshot after starting, failing or stopping."""
    wait_for(lambda: connection.peek().status != "starting", seconds)
    return connection.peek()


def backend_pid(state: Path) -> int:
    return json.loads((state / "service.json").read_text())["pid"]


def test_start_find_kill_and_start_again(connect, launch):
    """One life of a backend, from the first start to the last."""
    first, second = connect(), connect()
    began = time.perf_counter()
    first.start(launch)
    assert time.perf_counter() - began < 0.05
    snapshot = settled(first)
    assert (snapshot.status, snapshot.problem, snapshot.version) == ("ready", None, VERSION)
    assert {"anny", "smplx"} == {body.name for body in snapshot.bodies}
    pid = backend_pid(launch.state)

    second.start(launch)
    assert settled(second).status == "ready"
    assert backend_pid(launch.state) == pid

    first.snapshot()  # somebody watches
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: first.snapshot().status == "failed", 5)
    assert first.peek().problem.code == "gone"
    assert "Press Start" in first.peek().problem.message
    answers = []
    first.request("GET", "/jobs", then=answers.append, fail=answers.append)
    wait_for(lambda: first.drain(0.004) or answers)
    assert answers == [first.peek().problem]

    # The second had only found it, and starts one of its own.
    wait_for(lambda: second.snapshot().status == "ready" and backend_pid(launch.state) != pid, 30)
    pid = backend_pid(launch.state)
    first.start(launch)
    assert settled(first).status == "ready"
    assert backend_pid(launch.state) == pid

    assert first.stop().result(20)
    assert first.peek().status == "off"
    assert not is_alive(pid)


def test_stopping_says_whether_the_backend_is_gone(connect, tmp_path, monkeypatch):
    """Another Blender's backend is asked, and not killed; also one that was never looked for."""
    monkeypatch.setattr(connection_module, "_STOP_PATIENCE", 0.3)
    deaf, other = ScriptedBackend(), other_process()
    deaf.announce(tmp_path / "state", other.pid)
    connection = connect()
    assert connection.stop().result(5)
    assert deaf.asked("/service/stop") == 0
    assert not connection.stop(tmp_path / "state").result(5)
    assert deaf.asked("/service/stop") == 1
    assert other.poll() is None
    other.kill()
    other.wait()
    assert connection.stop(tmp_path / "state").result(5)
    deaf.server.close()


def test_closing_ends_only_what_this_blender_started(connect, launch):
    owner, guest = connect(), connect()
    owner.start(launch)
    assert settled(owner).status == "ready"
    guest.start(launch)
    assert settled(guest).status == "ready"
    pid = backend_pid(launch.state)
    guest.close("now", 5.0)
    time.sleep(1.0)
    assert is_alive(pid)
    began = time.perf_counter()
    owner.close("now", 1.0)
    assert time.perf_counter() - began < 1.1
    wait_for(lambda: not (launch.state / "service.json").exists(), 15)


def test_a_backend_that_is_just_ending_is_waited_for(connect, launch):
    """Switching the extension off and on again must not end in "already running"."""
    former = connect()
    former.start(launch)
    assert settled(former).status == "ready"
    pid = backend_pid(launch.state)
    former.close("now", 1.0)
    later = connect()
    later.start(launch)

    def has_one_of_its_own():
        status = later.snapshot().status
        assert status != "failed", later.peek().problem
        is_there = (launch.state / "service.json").exists()
        return status == "ready" and is_there and backend_pid(launch.state) != pid

    wait_for(has_one_of_its_own, 30)


def test_the_backend_ends_with_its_parent(launch, tmp_path):
    """Blender is killed; nobody tells the backend to end."""
    script = f"""
import os, sys, time, types
from pathlib import Path
sys.modules["blender_addon"] = types.ModuleType("blender_addon")
sys.modules["blender_addon"].__path__ = [{str(CHECKOUT / "blender_addon")!r}]
from blender_addon.connection.connection import Connection
from blender_addon.connection.types import Launch
c = Connection(Path({str(tmp_path / "cache")!r}))
c.start(Launch(Path(sys.executable), Path({str(launch.state)!r}), {VERSION!r}, os.getpid()))
while c.peek().status == "starting":
    time.sleep(0.05)
print(c.peek().status, flush=True)
time.sleep(60)
"""
    blender = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert blender.stdout is not None
    assert blender.stdout.readline() == "ready\n"
    pid = backend_pid(launch.state)
    blender.kill()
    blender.wait()
    blender.stdout.close()
    wait_for(lambda: not is_alive(pid), 15)


def failed(connection: Connection, launch: Launch, seconds: float = 30.0) -> str:
    connection.start(launch)
    snapshot = settled(connection, seconds)
    assert snapshot.status == "failed"
    assert snapshot.problem.message.endswith(".")
    return snapshot.problem.code


def replaced(launch: Launch, python: Path) -> Launch:
    return Launch(python, launch.state, launch.version, launch.parent_pid)


def test_a_python_that_is_not_there(connect, launch, tmp_path):
    assert failed(connect(), replaced(launch, tmp_path / "python")) == "python_missing"


def test_a_python_without_album2avatar(connect, launch):
    plain = Path(sys.base_prefix) / "bin" / "python3"
    assert failed(connect(), replaced(launch, plain)) == "not_installed"


@pytest.mark.parametrize(
    ("says", "code"),
    [
        ("echo 'OSError: [Errno 28] No space left on device' >&2; exit 1", "disk_full"),
        ("echo 'MemoryError' >&2; exit 1", "out_of_memory"),
        ("echo 'what?' >&2; exit 3", "start_failed"),
        ("echo nonsense", "bad_answer"),
        (
            """echo '{"event":"failed","code":"port_taken","message":"Taken."}'""",
            "port_taken",
        ),
        ("""echo '{"event":"ready","url":"http://example.com:80"}'""", "bad_answer"),
    ],
)
def test_a_backend_that_cannot_start(connect, launch, tmp_path, says, code):
    assert failed(connect(), replaced(launch, program(tmp_path / "python", says))) == code


@pytest.mark.parametrize(
    ("about", "code"),
    [
        ('"version":"0.9.0","api":1', "version_mismatch"),
        ('"version":"0.1.0","api":2', "api_mismatch"),
    ],
)
def test_a_backend_of_another_release(connect, launch, tmp_path, about, code):
    """It is told apart at the ready line, and ended."""
    (tmp_path / "token").write_text("secret")
    line = f'{{"event":"ready","url":"http://127.0.0.1:9","token_file":"{tmp_path}/token",{about}}}'
    says = f"echo $$ > {tmp_path}/pid; echo '{line}'; exec sleep 60"
    assert failed(connect(), replaced(launch, program(tmp_path / "python", says))) == code
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_a_running_backend_of_another_release(connect, launch, tiny_server):
    """It belongs to somebody else and is left alone."""
    from tiny_server import send

    health = b'{"status": "ok", "version": "0.2.0", "api": 1, "pid": 1}'
    server = tiny_server(lambda handler: send(handler, 200, health, "application/json"))
    launch.state.mkdir()
    (launch.state / "token").write_text("secret")
    about = {"url": server.url, "pid": os.getpid(), "version": "0.2.0", "api": 1}
    (launch.state / "service.json").write_text(json.dumps(about))
    assert failed(connect(), launch) == "version_mismatch"


def test_a_backend_that_never_gets_ready(connect, launch, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "READY_WITHIN", 0.5)
    says = f"echo $$ > {tmp_path}/pid; exec sleep 60"
    assert failed(connect(), replaced(launch, program(tmp_path / "p", says))) == "start_timeout"
    assert not is_alive(int((tmp_path / "pid").read_text()))


def test_stop_while_it_starts(connect, launch, tmp_path):
    connection = connect()
    connection.start(replaced(launch, program(tmp_path / "python", "exec sleep 60")))
    time.sleep(0.3)
    connection.stop()
    wait_for(lambda: connection.peek().status == "off", 5)


def test_a_state_folder_that_cannot_be_made(connect, launch, tmp_path):
    (tmp_path / "file").write_text("")
    bad = Launch(launch.python, tmp_path / "file" / "state", VERSION, os.getpid())
    assert failed(connect(), bad) == "not_writable"


def test_a_service_file_of_a_dead_or_foreign_process_is_no_backend(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    for pid in (gone.pid, os.getpid(), 0, -1):
        about = {"url": "http://127.0.0.1:9", "pid": pid, "version": VERSION, "api": 1}
        (tmp_path / "service.json").write_text(json.dumps(about))
        (tmp_path / "token").write_text("secret")
        assert process.find_running(tmp_path) is None
    (tmp_path / "service.json").write_text("[]")
    assert process.find_running(tmp_path) is None
