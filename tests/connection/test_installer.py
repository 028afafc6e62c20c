"""The installer, with real environments and real pip, on packages of a few lines."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest
from tiny_package import BROKEN, write_package, write_torch
from tiny_server import send
from waiting import wait_for

from blender_addon.connection import package_index
from blender_addon.connection.install_steps import InstallPlan
from blender_addon.connection.installation import InstallFolder, read_record
from blender_addon.connection.installer import Installer
from blender_addon.connection.package_index import TorchBuild
from blender_addon.connection.processes import is_alive

CHECKOUT = Path(__file__).resolve().parents[2]
PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")


@pytest.fixture
def index(tmp_path, monkeypatch) -> Path:
    """The user's own pip configuration: one folder of wheels, no network."""
    folder = tmp_path / "wheels"
    write_torch(folder)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def plan(tmp_path, index) -> InstallPlan:
    source = write_package(tmp_path / "source")
    return InstallPlan(
        folder=tmp_path / "backend",
        version="0.1.0",
        python=PYTHON,
        source=str(source),
        is_online=True,
    )


@pytest.fixture
def installer():
    installer = Installer()
    yield installer
    installer.close(10.0)


def run(installer: Installer, plan: InstallPlan, seconds: float = 90.0):
    """Install to the end; the status then."""
    installer.install(plan)
    wait_for(lambda: not installer.is_busy(), seconds)
    return installer.status()


def at_once(is_free: bool = True) -> "Future[bool]":
    """What is known already of the backend's end."""
    known: Future[bool] = Future()
    known.set_result(is_free)
    return known


def failure(installer: Installer, plan: InstallPlan) -> str:
    """Install, and see it fail in words."""
    status = run(installer, plan)
    assert status.state == "failed", status
    assert status.problem.message.endswith(".")
    return status.problem.code


def test_from_nothing_to_ready_and_to_the_next_release(installer, plan):
    """One life of an installation: made, found again, left alone, updated."""
    installer.look(plan.folder, None, plan.version)
    assert installer.status().state == "not_installed"
    states = []
    installer.install(plan)
    while installer.is_busy():
        if not states or states[-1] != installer.status().state:
            states.append(installer.status().state)
        time.sleep(0.005)
    status = installer.status()
    assert (status.state, status.version) == ("ready", "0.1.0"), status
    assert states[:2] == ["installing", "verifying"]
    assert [finding.subject for finding in status.findings] == ["torch"]
    assert status.python == InstallFolder(plan.folder).python
    log = InstallFolder(plan.folder).log.read_text()
    assert "Successfully installed torch" in log
    # The user's pip configuration names an index, so none is forced upon it.
    assert "--index-url" not in log

    later = Installer()
    later.look(plan.folder, None, "0.1.7")
    assert (later.status().state, later.status().python) == ("ready", status.python)
    later.look(plan.folder, None, "0.2.0")
    assert later.status().state == "update_needed"

    assert run(later, plan).state == "ready"
    assert "pip install" not in InstallFolder(plan.folder).log.read_text()

    write_package(Path(plan.source), "0.2.0")
    log = InstallFolder(plan.folder).log.read_text()
    later.update(replace(plan, version="0.2.0"), at_once(False))
    wait_for(lambda: not later.is_busy())
    assert (later.status().state, later.status().version) == ("ready", "0.1.0")
    assert "quit the Blender" in later.status().message
    later.update(replace(plan, version="0.2.0"), Future())
    later.cancel()
    wait_for(lambda: not later.is_busy())
    assert (later.status().state, later.status().version) == ("ready", "0.1.0")
    is_free: Future[bool] = Future()
    later.update(replace(plan, version="0.2.0"), is_free)
    time.sleep(0.5)
    assert "Waiting" in later.status().step
    assert InstallFolder(plan.folder).log.read_text() == log
    is_free.set_result(True)
    wait_for(lambda: not later.is_busy(), 60)
    assert (later.status().state, later.status().version) == ("ready", "0.2.0")

    # The same environment serves as an artist's own, and nothing is installed into it.
    before = sorted(path.name for path in status.python.parent.parent.rglob("*.dist-info"))
    other = plan.folder.with_name("other")
    later.adopt(status.python, other, "0.2.0")
    wait_for(lambda: not later.is_busy(), 60)
    assert (later.status().state, later.status().python) == ("ready", status.python)
    again = Installer()
    again.look(other, status.python, "0.2.0")
    assert again.status().state == "ready"
    again.look(other, Path(PYTHON), "0.2.0")
    assert again.status().state == "not_installed"
    assert sorted(path.name for path in status.python.parent.parent.rglob("*.dist-info")) == before

    shutil.rmtree(InstallFolder(plan.folder).environment)
    again.look(plan.folder, None, "0.2.0")
    assert (again.status().state, again.status().problem.code) == ("failed", "python_missing")
    assert run(again, replace(plan, version="0.2.0")).state == "ready"


def test_killed_and_cancelled_and_yet_ready(installer, plan):
    """An orphaned pip is waited for; every attempt goes on where the last one was."""
    source, place = Path(plan.source), InstallFolder(plan.folder)
    (source / "slow").touch()
    script = f"""
import sys, time, types
from pathlib import Path
sys.modules["blender_addon"] = types.ModuleType("blender_addon")
sys.modules["blender_addon"].__path__ = [{str(CHECKOUT / "blender_addon")!r}]
from blender_addon.connection.installer import Installer
from blender_addon.connection import package_index
from blender_addon.connection.install_steps import InstallPlan
installer = Installer()
installer.install(InstallPlan(
    Path({str(plan.folder)!r}), "0.1.0", {PYTHON!r}, (), {plan.source!r}, True
))
time.sleep(60)
"""
    blender = subprocess.Popen([sys.executable, "-c", script])
    wait_for((source / "building").exists, 60)
    blender.send_signal(signal.SIGKILL)
    blender.wait()

    installer.look(plan.folder, None, plan.version)
    assert installer.status().state == "not_installed"
    assert "goes on" in installer.status().message
    assert set(read_record(place.record).steps) == {"environment", "torch"}
    assert failure(installer, plan) == "busy"

    orphan = int(place.lock.read_text().split()[1])
    (source / "slow").unlink()
    wait_for(lambda: not is_alive(orphan), 30)

    (place.environment / "mark").touch()
    (source / "building").unlink()
    (source / "slow").touch()
    installer.install(plan)
    wait_for((source / "building").exists, 60)
    child = int(place.lock.read_text().split()[1])
    installer.cancel()
    wait_for(lambda: not installer.is_busy(), 5)
    assert installer.status().state == "not_installed"
    assert "Cancelled" in installer.status().message
    assert not is_alive(child)
    assert not place.lock.exists()

    (source / "slow").unlink()
    assert run(installer, plan).state == "ready"
    assert (place.environment / "mark").exists()
    assert "torch>=2.6" not in place.log.read_text()


def test_what_the_package_index_may_refuse(installer, plan, index, monkeypatch):
    """One environment; the reasons come one after the other, and it goes on in the end."""
    assert failure(installer, replace(plan, is_online=False)) == "offline"
    assert "Allow Online Access" in installer.status().problem.message
    made = InstallFolder(plan.folder).python.stat().st_mtime_ns

    monkeypatch.setenv("PIP_FIND_LINKS", str(index.with_name("empty")))
    assert failure(installer, plan) == "package_not_found"

    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    assert failure(installer, plan) == "no_network"

    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    assert failure(installer, replace(plan, source=str(index.with_name("gone")))) == "bad_source"
    assert failure(installer, replace(plan, source=str(index))) == "bad_source"

    write_package(Path(plan.source), "0.3.0")
    assert failure(installer, plan) == "version_mismatch"

    write_package(Path(plan.source), findings=BROKEN)
    installer.update(plan, at_once())
    wait_for(lambda: not installer.is_busy(), 60)
    status = installer.status()
    assert (status.state, status.problem.code) == ("failed", "doctor")
    assert status.problem.message == "disk: 1 GiB free. Free some space."
    assert len(status.findings) == 2

    write_package(Path(plan.source))
    installer.update(plan, at_once())
    wait_for(lambda: not installer.is_busy(), 60)
    assert installer.status().state == "ready"
    assert InstallFolder(plan.folder).python.stat().st_mtime_ns == made


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_pythons_that_do_not_serve(installer, plan, tmp_path):
    old = script(tmp_path / "old", 'echo \'[[3, 9, 2], "/usr/bin/python3", "/usr", "/usr"]\'')
    assert failure(installer, replace(plan, python=old)) == "python_too_old"
    assert "3.9.2" in installer.status().problem.message
    assert failure(installer, replace(plan, python="/bin/ls")) == "bad_python"
    assert failure(installer, replace(plan, python=str(tmp_path / "none"))) == "bad_python"
    no_venv = script(
        tmp_path / "no_venv",
        f'case "$*" in *venv*) echo "ensurepip is not available" >&2; exit 1;; esac\n'
        f"exec {PYTHON} -c \"import json; print(json.dumps([[3, 11, 2], '{tmp_path}/no_venv', "
        "'/', '/']))\"",
    )
    assert failure(installer, replace(plan, python=no_venv)) == "no_venv"


def test_folders_that_do_not_serve(installer, plan, tmp_path):
    (tmp_path / "file").touch()
    assert failure(installer, replace(plan, folder=tmp_path / "file" / "x")) == "not_writable"
    environment = InstallFolder(plan.folder).environment
    environment.mkdir(parents=True)
    (environment / "novel.txt").write_text("mine")
    assert failure(installer, plan) == "not_empty"
    assert (environment / "novel.txt").read_text() == "mine"


def test_nothing_is_installed_through_a_link_into_another_environment(installer, plan, tmp_path):
    foreign = tmp_path / "foreign"
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", foreign], check=True)
    plan.folder.mkdir()
    InstallFolder(plan.folder).environment.symlink_to(foreign)
    assert failure(installer, plan) == "not_empty"
    assert not list(foreign.rglob("*.dist-info"))


def test_too_little_space(installer, plan, tmp_path):
    """A real file system of one megabyte."""
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("this user may not mount a small file system")
    try:
        assert failure(installer, replace(plan, folder=small / "backend")) == "disk_full"
    finally:
        subprocess.run(["umount", str(small)], check=True)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_torch_comes_from_its_own_index(
    installer, plan, index, tool, tiny_server, tmp_path, monkeypatch
):
    """A user without configuration of pip: PyTorch's index is asked for torch, by either tool."""
    (wheel,) = index.iterdir()

    def answer(handler):
        if handler.path.endswith(".whl"):
            send(handler, 200, wheel.read_bytes(), "application/octet-stream")
        elif handler.path.strip("/") == "torch":
            send(handler, 200, f'<a href="/{wheel.name}">{wheel.name}</a>'.encode(), "text/html")
        else:
            send(handler, 404, b"", "text/html")

    server = tiny_server(answer)
    monkeypatch.setattr(
        package_index,
        "TORCH_BUILDS",
        dict.fromkeys(package_index.TORCH_BUILDS, TorchBuild("tiny", server.url, 0.01)),
    )
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("HOME", str(tmp_path))
    uv = Path(sys.executable).parent if tool == "uv" else ""
    monkeypatch.setenv("PATH", f"{uv}:/usr/bin:/bin")
    status = run(installer, plan)
    assert status.state == "ready", status
    assert any(path == "/torch/" for _, path, _ in server.requests)
    commands = InstallFolder(plan.folder).log.read_text()
    assert ("/uv pip install" in commands) == (tool == "uv")
    assert ("-m pip install" in commands) == (tool == "pip")


def test_an_existing_python_without_album2avatar(installer, tmp_path):
    installer.adopt(Path(PYTHON), tmp_path / "backend", "0.1.0")
    wait_for(lambda: not installer.is_busy(), 30)
    status = installer.status()
    assert (status.state, status.problem.code) == ("failed", "not_installed")
    installer.adopt(Path("/bin/ls"), tmp_path / "backend", "0.1.0")
    wait_for(lambda: not installer.is_busy(), 30)
    assert installer.status().problem.code == "python_missing"


@pytest.mark.slow
def test_the_real_checkout(installer, tmp_path):
    """Gigabytes: from an empty folder to a doctor that is content."""
    plan = InstallPlan(tmp_path / "backend", "0.1.0", PYTHON, (), str(CHECKOUT), is_online=True)
    status = run(installer, plan, seconds=1800)
    assert status.state == "ready", status
    assert {"torch", "device"} <= {finding.subject for finding in status.findings}
