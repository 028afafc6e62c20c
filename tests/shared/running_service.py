"""A real `album2avatar serve` in a process of its own, and a small album and job for it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil

DEMO_ALBUM = Path(__file__).parents[2] / "examples" / "demo_album"

SMALL_PHOTOS = ("IMG_0401.jpg", "IMG_0403.jpg", "IMG_0411.jpg")

SMALL_SETTINGS: Mapping[str, Any] = {
    "threads": 1,
    "fitting": {"keypoint_steps": 6, "silhouette_steps": 4, "checkpoint_every": 2},
    "personalization": {
        "token_steps": 4,
        "adapter_steps": 4,
        "batch_size": 2,
        "class_pictures": 2,
        "class_batch_size": 2,
        "sampling_steps": 2,
        "preview_every": 4,
        "checkpoint_every": 1,
    },
    "draft": {"photo_height": 96, "texture_size": 128},
    "sculpt": {
        "lattice_cells": 24,
        "steps": 6,
        "photos_per_step": 1,
        "photo_height": 64,
        "guidance": {"views_per_step": 1, "supersampling": 1},
        "preview_every": 3,
        "checkpoint_every": 1,
    },
    "paint": {
        "faces": 2000,
        "texture_size": 128,
        "steps": 6,
        "guidance": {"views_per_step": 1, "supersampling": 1},
        "preview_every": 3,
        "checkpoint_every": 1,
    },
    "refine": {"photo_height": 48, "visits": 2, "checkpoint_every": 1},
    "swap": {"lattice_cells": 40, "sculpt_steps": 4, "paint_steps": 4, "checkpoint_every": 1},
}
"""Every stage of the pipeline in about 25 s on one core; nobody would recognise the avatar."""

TERMINAL = ("cancelled", "failed", "done")


class RunningService:
    """One service on a state folder; can be ended in every way and started again."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None
        self.ready: dict[str, Any] = {}
        self.client = httpx.Client()
        self.start()

    def start(self) -> None:
        """Start it and wait for its line."""
        self.process, self.ready = start_process(self.folder, "--state", self.state, *self.options)
        assert self.ready.get("event") == "ready", self.ready
        self.client.close()
        self.client = httpx.Client(
            base_url=f"{self.ready['url']}/v1",
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )

    @property
    def token(self) -> str:
        return Path(self.ready["token_file"]).read_text()

    @property
    def pid(self) -> int:
        return int(self.ready["pid"])

    def kill(self) -> None:
        """End it as a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it politely and give its exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)

    def workers(self) -> list[psutil.Process]:
        """The worker processes that it started."""
        found = []
        for child in psutil.Process(self.pid).children():
            try:
                if "album2avatar.jobs.worker" in child.cmdline():
                    found.append(child)
            except psutil.NoSuchProcess:
                continue
        return found

    def get(self, path: str) -> Any:
        return self._answer(self.client.get(path))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._answer(self.client.post(path, json=body or {}, headers=headers))

    def _answer(self, response: httpx.Response) -> Any:
        assert response.is_success, response.text
        return response.json() if response.content else None

    def small_album(self) -> str:
        """Read an album of three photos; give its id."""
        folder = self.folder / "album"
        if not folder.exists():
            folder.mkdir()
            for name in SMALL_PHOTOS:
                shutil.copy(DEMO_ALBUM / name, folder)
        album = self.post("/albums", {"folder": str(folder)})["id"]
        self.wait(lambda: self.get(f"/albums/{album}")["state"] == "ready", 180)
        return album

    def small_job(self, album: str, goal: str = "assets", name: str = "avatar") -> str:
        """Hand in a small job; give its id."""
        body = {
            "album": album,
            "goal": goal,
            "settings": SMALL_SETTINGS,
            "workspace": str(self.folder / name),
        }
        return self.post("/jobs", body)["id"]

    def job(self, job: str) -> dict[str, Any]:
        return self.get(f"/jobs/{job}")

    def wait_for(self, job: str, *states: str, seconds: float = 120) -> dict[str, Any]:
        """Wait until a job is in one of the states, or has ended otherwise."""
        self.wait(lambda: self.job(job)["state"] in (*states, *TERMINAL), seconds)
        found = self.job(job)
        assert found["state"] in states, found
        return found

    def wait_for_stage(self, job: str, stage: str) -> None:
        """Wait until a job has done a step of a stage."""
        self.wait(lambda: self.job(job)["stage"] == stage and self.job(job)["step"] >= 1, 120)

    @staticmethod
    def wait(condition: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, "waited too long"
            time.sleep(0.05)


def start_process(
    folder: Path, *arguments: object
) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    """Start `album2avatar serve`; give the process and what its first line says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "album2avatar.cli", "serve", *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        env=service_environment(folder),
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the service said nothing"
    return process, json.loads(line)


def service_environment(folder: Path) -> dict[str, str]:
    """Environment in which avatars without a place of their own land in the test's folder."""
    return {**os.environ, "XDG_DATA_HOME": str(folder / "data")}


def read_events(lines: Any, at_most: int = 10_000) -> list[tuple[int | None, str, dict[str, Any]]]:
    """Parse server-sent events from lines of text: (id, event, data)."""
    events: list[tuple[int | None, str, dict[str, Any]]] = []
    number: int | None = None
    kind = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "id":
            number = int(value)
        elif field == "event":
            kind = value
        elif field == "data":
            events.append((number if kind != "end" else None, kind, json.loads(value)))
        if len(events) >= at_most:
            break
    return events
