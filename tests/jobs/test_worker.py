"""The worker process: what it says, and how it ends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from album2avatar.jobs.job_run import JobRun, Outcome
from album2avatar.jobs.worker_protocol import AvatarWork
from album2avatar.presets import build_settings, load_preset
from running_service import DEMO_ALBUM, SMALL_PHOTOS, SMALL_SETTINGS


def request(workspace: Path, **changes: Any) -> AvatarWork:
    asked = {
        "title": "Mia",
        "folder": DEMO_ALBUM,
        "photos": SMALL_PHOTOS,
        "workspace_root": workspace,
        "settings": build_settings([load_preset("demo"), SMALL_SETTINGS]),
        "last_stage": "segment",
        "wardrobe": workspace.parent / "wardrobe",
    }
    return AvatarWork(**{**asked, **changes})


def start(asked: AvatarWork) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "album2avatar.jobs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert worker.stdin is not None
    worker.stdin.write(asked.model_dump_json().encode() + b"\n")
    worker.stdin.flush()
    return worker


def test_a_worker_says_only_messages_and_its_last_word_is_the_end(tmp_path: Path):
    worker = start(request(tmp_path / "avatar"))
    assert worker.stdout is not None
    said = [json.loads(worker.stdout.readline())]
    assert psutil.Process(worker.pid).nice() > psutil.Process().nice()
    said += [json.loads(line) for line in worker.stdout]
    assert {each["kind"] for each in said[:-1]} == {"progress"}
    assert said[-1] == {"kind": "end", "outcome": "done", "code": "", "message": ""}
    assert worker.wait() == 0
    assert (tmp_path / "avatar" / "segmentation" / "assets.json").exists()


def test_a_bad_album_is_said_in_a_sentence(tmp_path: Path):
    worker = start(request(tmp_path / "avatar", photos=("nowhere.jpg",)))
    assert worker.stdout is not None
    end = json.loads(worker.stdout.readlines()[-1])
    assert (end["outcome"], end["code"]) == ("failed", "album")
    assert "nowhere.jpg" in end["message"]


def test_a_worker_dies_at_once_when_its_service_is_gone(tmp_path: Path):
    worker = start(request(tmp_path / "avatar"))
    time.sleep(1)
    assert worker.stdin is not None
    began = time.monotonic()
    worker.stdin.close()
    worker.wait(10)
    assert time.monotonic() - began < 2


def test_cancelling_while_the_program_loads_takes_no_time(tmp_path: Path):
    worker = start(request(tmp_path / "avatar"))
    time.sleep(1)
    assert worker.stdin is not None
    assert worker.stdout is not None
    began = time.monotonic()
    worker.stdin.write(b"cancel\n")
    worker.stdin.flush()
    assert json.loads(worker.stdout.readlines()[-1])["outcome"] == "cancelled"
    assert time.monotonic() - began < 2


@pytest.mark.skipif(os.name != "posix", reason="kills by signal")
def test_a_worker_that_is_killed_again_and_again_fails_with_a_sentence(tmp_path: Path):
    starts: list[int] = []
    outcomes: list[Outcome] = []
    stages = ("intake", "segment")
    workspace = tmp_path / "avatar"
    run = JobRun(request(workspace), tmp_path / "log", stages, starts.append, lambda report: None)
    thread = threading.Thread(target=lambda: outcomes.append(run.follow()))
    thread.start()
    here = psutil.Process()
    while thread.is_alive():
        for child in here.children():
            with contextlib.suppress(psutil.NoSuchProcess):  # it may end while it is looked at
                if "album2avatar.jobs.worker" in " ".join(child.cmdline()):
                    child.send_signal(signal.SIGKILL)
        time.sleep(0.1)
    assert starts == [0, 1, 2]
    assert outcomes[0].kind == "failed"
    assert outcomes[0].error is not None
    assert outcomes[0].error.code == "worker_died"
    assert "3 times" in outcomes[0].error.message


@pytest.mark.parametrize(("is_forced", "soonest", "latest"), [(True, 0, 2), (False, 3, 5)])
def test_a_worker_that_does_not_listen_is_killed(
    tmp_path: Path, is_forced: bool, soonest: float, latest: float
):
    outcomes: list[Outcome] = []
    stages = ("intake", "segment")
    run = JobRun(
        request(tmp_path / "avatar"), tmp_path / "log", stages, lambda deaths: None, lambda r: None
    )
    thread = threading.Thread(target=lambda: outcomes.append(run.follow()))
    thread.start()
    time.sleep(1)
    for child in psutil.Process().children():
        child.suspend()
    began = time.monotonic()
    if is_forced:
        run.force()
    else:
        run.stop()
    thread.join(10)
    assert soonest < time.monotonic() - began < latest
    assert outcomes[0].kind == "stopped"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="takes memory away from a running process")
def test_a_full_memory_is_said_in_a_sentence(tmp_path: Path):
    worker = start(request(tmp_path / "avatar", last_stage="personalize"))
    assert worker.stdout is not None
    messages = map(json.loads, worker.stdout)
    next(messages)  # everything is loaded now
    process = psutil.Process(worker.pid)
    allowed = process.memory_info().vms + 50 * 2**20
    process.rlimit(psutil.RLIMIT_AS, (allowed, -1))
    *_, end = messages
    assert (end["outcome"], end["code"]) == ("failed", "out_of_memory")
    assert "Resume" in end["message"]
