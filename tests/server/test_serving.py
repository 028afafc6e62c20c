"""How the service starts, says where it is, and ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from album2avatar import __version__
from running_service import RunningService, service_environment, start_process


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_ready_line_says_all_that_a_client_needs(service: RunningService):
    ready = service.ready
    assert ready["event"] == "ready"
    assert (ready["version"], ready["api"]) == (__version__, 1)
    assert service.process is not None
    assert ready["pid"] == service.process.pid
    health = service.get("/health")
    assert health["status"] == "ok"
    assert (health["running"], health["queued"], health["pid"]) == (None, 0, ready["pid"])


def test_only_this_machine_can_connect(service: RunningService):
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(service.pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]


@pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")
def test_secrets_are_for_the_user_alone(service: RunningService):
    assert mode(service.state) == 0o700
    assert mode(service.state / "token") == 0o600
    assert mode(service.state / "service.json") == 0o600
    assert len(service.token) >= 32


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_service_never_loads_torch(service: RunningService):
    service.get("/presets")
    assert "libtorch" not in Path(f"/proc/{service.pid}/maps").read_text()


def test_the_doctor_is_asked_in_a_child_and_remembered(service: RunningService):
    findings = service.get("/doctor")["findings"]
    assert {"Python", "torch", "memory", "disk"} <= {finding["subject"] for finding in findings}
    began = time.monotonic()
    assert service.get("/doctor")["findings"] == findings
    assert time.monotonic() - began < 0.5


def test_presets_and_bodies_can_be_chosen_from(service: RunningService):
    presets = service.get("/presets")
    assert [preset["name"] for preset in presets["presets"] if preset["is_default"]] == ["demo"]
    assert {body["name"] for body in presets["bodies"]} == {"anny", "smplx"}


def test_a_second_service_on_the_folder_names_the_first(service: RunningService):
    process, said = start_process(service.folder, "--state", service.state)
    assert process.wait(20) != 0
    assert (said["event"], said["code"]) == ("failed", "already_running")
    assert said["url"] == service.ready["url"]
    assert service.get("/health")["status"] == "ok"


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        process, said = start_process(tmp_path, "--state", tmp_path / "state", "--port", port)
    assert process.wait(20) != 0
    assert (said["event"], said["code"]) == ("failed", "port_taken")
    assert str(port) in said["message"]


def test_a_folder_that_can_not_be_made_is_said_in_a_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    process, said = start_process(tmp_path, "--state", tmp_path / "file" / "state")
    assert process.wait(20) != 0
    assert (said["event"], said["code"]) == ("failed", "state_unwritable")
    assert str(tmp_path / "file") in said["message"]


def test_a_polite_end_leaves_no_trace_and_the_next_start_has_another_token(
    own_service: RunningService,
):
    token = own_service.token
    assert own_service.end(signal.SIGTERM) == 0
    assert not (own_service.state / "service.json").exists()
    own_service.start()
    assert own_service.token != token
    assert stat.S_IMODE((own_service.state / "token").stat().st_mode) == 0o600
    own_service.post("/service/stop", {"when": "now"})
    assert own_service.end() == 0


def test_the_only_line_on_standard_output_is_the_ready_line(own_service: RunningService):
    own_service.client.get("/nowhere")
    own_service.end()
    assert own_service.process is not None
    assert own_service.process.stdout is not None
    assert own_service.process.stdout.read() == b""


@pytest.mark.parametrize("when", ["stop", "finish"])
def test_an_idle_service_ends_with_its_parent(tmp_path: Path, when: str):
    with subprocess.Popen(["sleep", "60"]) as parent:
        process, said = start_process(
            tmp_path, "--state", tmp_path / "state", "--parent-pid", parent.pid,
            "--when-parent-ends", when,
        )  # fmt: skip
        assert said["event"] == "ready"
        time.sleep(1)
        assert process.poll() is None
        parent.kill()
    assert process.wait(10) == 0
    assert not (tmp_path / "state" / "service.json").exists()


def test_the_log_tells_an_unexpected_error_and_no_names_of_photos(own_service: RunningService):
    folder = own_service.folder / "secret-folder-name"
    folder.mkdir()
    assert own_service.client.post("/albums", json={"folder": str(folder)}).status_code == 422
    own_service.client.get("/artifacts/secret-photo-name")
    own_service.end()
    assert "secret" not in (own_service.state / "service.log").read_text()


def test_the_command_line_help_names_serve(tmp_path: Path):
    shown = subprocess.run(
        [sys.executable, "-m", "album2avatar.cli", "serve", "--help"],
        env=service_environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--parent-pid" in shown.stdout


def test_a_damaged_job_file_does_not_keep_the_service_from_starting(own_service: RunningService):
    own_service.end()
    damaged = own_service.state / "jobs" / "j0123456789ab"
    damaged.mkdir()
    (damaged / "job.json").write_text(json.dumps({"format": 9}))
    own_service.start()
    assert own_service.get("/jobs") == {"jobs": []}
    assert (damaged / "job.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_full_disk_is_said_before_a_job_is_taken_in(tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        service = RunningService(disk)
        album = service.small_album()
        body = {"album": album, "goal": "assets", "workspace": str(tmp_path / "avatar")}
        answer = service.client.post("/jobs", json=body)
        assert answer.status_code == 409
        assert "is full" in answer.json()["error"]["message"]
        assert service.get("/jobs") == {"jobs": []}
        service.end()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
