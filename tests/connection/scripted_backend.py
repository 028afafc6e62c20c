"""A backend that says what a test wants, when the test wants it, over real HTTP."""

import json
import os
import queue
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tiny_server import TinyServer, send

from blender_addon.connection.types import Launch

VERSION = "0.1.0"


class ScriptedBackend:
    """Answers GET with `answers`, other methods with {}, and tells the `events` put in."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "/health": {"status": "ok", "version": VERSION, "api": 1},
            "/presets": {"presets": [], "bodies": []},
            "/jobs": {"jobs": []},
            "/albums": {"albums": []},
            "/queue": {"order": [], "paused": False},
            "/wardrobe": {"items": []},
        }
        """By path; bytes are a picture, a function is called for its answer."""
        self.events: queue.SimpleQueue[tuple[int, str, dict[str, Any]]] = queue.SimpleQueue()
        self.server = TinyServer(self._answer)

    def announce(self, state: Path, pid: int) -> None:
        """Be the backend of a state folder, as if the process `pid` were it."""
        state.mkdir(exist_ok=True)
        (state / "token").write_text("secret")
        about = {"url": self.server.url, "pid": pid, "version": VERSION, "api": 1}
        (state / "service.json").write_text(json.dumps(about))

    def asked(self, path: str) -> int:
        """How often a path was asked for."""
        return sum(found == f"/v1{path}" for _, found, _ in list(self.server.requests))

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.removeprefix("/v1")
        if path.endswith("/events"):
            self._tell_events(handler)
            return
        answer = self.answers.get(path, {}) if handler.command == "GET" else {}
        if callable(answer):
            answer = answer()
        if isinstance(answer, bytes):
            send(handler, 200, answer, "image/png")
        else:
            send(handler, 200, json.dumps(answer).encode(), "application/json")

    def _tell_events(self, handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "text/event-stream")
        handler.end_headers()
        while True:
            number, name, data = self.events.get()
            text = f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
            handler.wfile.write(text.encode())


def job(state: str, **changes: Any) -> dict[str, Any]:
    """A job as GET /jobs tells it."""
    return {"id": "job1", "goal": "avatar", "state": state, "attempts": 1, **changes}


def other_process() -> "subprocess.Popen[bytes]":
    """A process that can take the place of another Blender's backend."""
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


def launch_in(state: Path) -> Launch:
    """A launch that only finds a backend; there is no Python to start one."""
    return Launch(state / "no-python", state, VERSION, os.getpid())
