"""Service and workers are killed at random moments, again and again, and nothing is lost.

ALBUM2AVATAR_KILLS says how often (200 where it isn't set), ALBUM2AVATAR_KILL_SEED draws other
moments. `scripts/kill_harness` runs it and shows every kill.
"""

import hashlib
import os
import random
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from album2avatar.workspace import Workspace
from running_service import SMALL_SETTINGS, RunningService, read_events

KILLS = int(os.environ.get("ALBUM2AVATAR_KILLS", "200"))
SEED = int(os.environ.get("ALBUM2AVATAR_KILL_SEED", "0"))
JOBS_AT_ONCE = 3
SHORT_SECONDS = (0.1, 8.0)
"""Kills that hit the start of processes, the queue and the ledger."""
LONG_SECONDS = (8.0, 30.0)
"""Kills that hit the stages: a worker needs some seconds to load."""
IN_A_REQUEST = 0.3
"""Share of the service's kills that come while it takes a job in."""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="kills by signal")]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[RunningService]:
    running = RunningService(tmp_path)
    yield running
    running.kill()


class Harness:
    """Hands in jobs, kills, and holds what is found against what was acknowledged."""

    def __init__(self, service: RunningService) -> None:
        self.service = service
        self.random = random.Random(SEED)
        self.album = service.small_album()
        self.expected = self._undisturbed()
        self.acknowledged: dict[str, str] = {}
        """Key of each job that was handed in and not yet looked at, to its id."""
        self.deleted: set[str] = set()
        self.counts: Counter[str] = Counter()

    def run(self) -> None:
        while self.counts["kills"] < KILLS:
            self._hand_in_missing()
            self._collect()
            time.sleep(self.random.uniform(*self.random.choice((SHORT_SECONDS, LONG_SECONDS))))
            self._kill(self.random.choice(("service", "worker", "both")))
            self._check_nothing_is_lost()
            self._drop_surplus()
        self.service.wait(self._collect, 300 * JOBS_AT_ONCE)

    def _undisturbed(self) -> dict[str, str]:
        job = self.service.small_job(self.album, goal="avatar", name="undisturbed")
        return _digests(Path(self.service.wait_for(job, "done", seconds=300)["workspace"]))

    def _hand_in_missing(self) -> None:
        while len(self.acknowledged) < JOBS_AT_ONCE:
            self._hand_in(self._new_key())

    def _new_key(self) -> str:
        self.counts["keys"] += 1
        return f"key-{self.counts['keys']}"

    def _hand_in(self, key: str) -> None:
        body = {
            "album": self.album,
            "goal": "avatar",
            "title": key,
            "settings": SMALL_SETTINGS,
            "workspace": str(self.service.folder / key),
        }
        self.acknowledged[key] = self.service.post("/jobs", body, **{"Idempotency-Key": key})["id"]

    def _kill(self, target: str) -> None:
        self.counts["kills"] += 1
        self.counts[target] += 1
        workers = self.service.workers()
        running = self.service.get("/health")["running"]
        stage = self.service.job(running)["stage"] if running else ""
        self._say(f"{target} in '{stage}'" if workers else f"{target}, no worker")
        self.counts[f"in {stage or 'no stage'}"] += 1
        if target == "worker":
            _kill_all(workers)
        elif self.random.random() < IN_A_REQUEST:
            self._kill_in_a_request(workers if target == "both" else [])
        else:
            if target == "both":
                _kill_all(workers)
            self.service.kill()
            self.service.start()
        if target != "worker":
            psutil.wait_procs(workers, timeout=3)
            assert not any(worker.is_running() for worker in workers), "a worker outlived it"

    def _kill_in_a_request(self, workers: list[psutil.Process]) -> None:
        """Kill the service while it takes a job in; then hand the same job in again."""
        key = self._new_key()
        self.counts["in a request"] += 1

        def hand_in() -> None:
            try:
                self._hand_in(key)
                self.counts["answered before the kill"] += 1
            except httpx.HTTPError:
                pass

        thread = threading.Thread(target=hand_in)
        thread.start()
        time.sleep(self.random.uniform(0, 0.04))
        _kill_all(workers)
        self.service.kill()
        thread.join()
        self.service.start()
        before = self.acknowledged.get(key)
        self._hand_in(key)
        assert before in (None, self.acknowledged[key]), "an acknowledged job was lost"

    def _check_nothing_is_lost(self) -> None:
        jobs = {job["title"]: job["id"] for job in self.service.get("/jobs")["jobs"]}
        assert len(jobs) == len(self.service.get("/jobs")["jobs"]), "a job is there twice"
        assert jobs.items() >= self.acknowledged.items(), "an acknowledged job was lost"
        assert not self.deleted & set(jobs.values()), "a deleted job came back"
        assert self.service.get(f"/albums/{self.album}")["state"] == "ready"

    def _drop_surplus(self) -> None:
        """Cancel and delete the youngest jobs where kills in requests made more than wanted."""
        for key in list(self.acknowledged)[JOBS_AT_ONCE:]:
            job = self.acknowledged.pop(key)
            self.service.post(f"/jobs/{job}/cancel")
            self.service.wait_for(job, "cancelled", "failed", "done", seconds=10)
            assert self.service.client.delete(f"/jobs/{job}?files=true").status_code == 204
            self.deleted.add(job)
            self.counts["deleted"] += 1

    def _collect(self) -> bool:
        """Look at the jobs that have ended; tell whether all have."""
        for key, job in list(self.acknowledged.items()):
            found = self.service.job(job)
            assert found["state"] in ("queued", "running", "done", "failed"), found
            if found["state"] == "failed":
                # Three kills in a row before the first step look like a lack of memory.
                assert found["error"]["code"] == "worker_died", found
                self.counts["resumed by hand"] += 1
                self.service.client.put("/queue", json={"paused": False})
                self.service.post(f"/jobs/{job}/resume")
            elif found["state"] == "done":
                self._check_done(found)
                del self.acknowledged[key]
        return not self.acknowledged

    def _check_done(self, job: dict[str, Any]) -> None:
        workspace = Path(job["workspace"])
        assert _digests(workspace) == self.expected, "another avatar than the undisturbed one"
        with self.service.client.stream("GET", f"/jobs/{job['id']}/events") as stream:
            events = read_events(stream.iter_lines())
        numbers = [number for number, kind, _ in events if kind != "end"]
        assert numbers == list(range(1, job["last_event"] + 1))
        assert self.service.client.delete(f"/jobs/{job['id']}?files=true").status_code == 204
        self.deleted.add(job["id"])
        shutil.rmtree(workspace, ignore_errors=True)
        self.counts["avatars"] += 1
        self.counts["processes"] += job["attempts"]
        self._say(f"an avatar, the same, after {job['attempts']} processes")

    def _say(self, text: str) -> None:
        print(f"{time.strftime('%H:%M:%S')} {self.counts['kills']:4d} {text}", flush=True)


def test_nothing_acknowledged_is_lost_and_every_avatar_is_the_same(service: RunningService):
    harness = Harness(service)
    harness.run()
    print("figures:", dict(sorted(harness.counts.items())), flush=True)
    assert harness.counts["avatars"] >= JOBS_AT_ONCE
    log = (service.state / "service.log").read_text(encoding="utf-8")
    assert "Traceback" not in log, log


def _digests(root: Path) -> dict[str, str]:
    """Hash of each file that a stage hands on."""
    workspace = Workspace(root)
    files = (workspace.body, workspace.poses, workspace.sculpt, workspace.albedo, workspace.glb)
    return {
        f"{path.parent.name}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }


def _kill_all(processes: list[psutil.Process]) -> None:
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
