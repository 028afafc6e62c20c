"""The backend as a process: find it, start it, stop it."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Literal, cast

from . import messages
from .client import Client, RequestError
from .parsing import AnswerError, Fields
from .processes import is_alive
from .types import Launch, Problem
from .versions import is_same_release

READY_WITHIN = 90.0
"""Seconds. A first start on a slow disk reads some hundred files of Python."""
OTHER_ENDS_WITHIN = 20.0
"""Seconds in which a backend that is about to end frees the state folder."""
START_LOG = "start.log"
"""What the backend writes to stderr; a file, so that it may outlive Blender."""

_TAIL_BYTES = 8192
_HEALTH_TIMEOUT = 3.0
_PAUSE = 0.1

StopWhen = Literal["now", "idle"]


class StartError(Exception):
    """The backend could not be started, in words."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True)
class Service:
    """A running backend."""

    client: Client
    pid: int
    version: str
    api: int
    state: Path
    process: subprocess.Popen[str] | None
    """None where this Blender did not start it."""

    def has_ended(self) -> bool:
        """Whether the process is gone."""
        if self.process is not None:
            return self.process.poll() is not None
        return not is_alive(self.pid)

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        return _tail(self.state / START_LOG)


def find_running(state: Path) -> Service | None:
    """The backend that serves the folder `state`, None where none answers with its token."""
    try:
        fields = Fields(json.loads((state / "service.json").read_text("utf-8")))
        pid = fields.integer("pid")
        if not is_alive(pid):
            return None
        client = Client(fields.required("url"), _read_token(state / "token"))
        health = Fields(client.call("GET", "/health", timeout=_HEALTH_TIMEOUT))
        return Service(client, pid, health.text("version"), health.integer("api"), state, None)
    except (OSError, ValueError, AnswerError, RequestError):
        return None


def find_or_start(launch: Launch, is_cancelled: Callable[[], bool]) -> Service:
    """The backend of the launch's state folder; started where none runs.

    Raises:
        StartError: it can't be started, or one of another version runs.
    """
    deadline = time.monotonic() + OTHER_ENDS_WITHIN
    while True:
        running = find_running(launch.state)
        if running is not None:
            _check_version(running, launch)
            return running
        started = _start(launch, is_cancelled)
        if isinstance(started, Service):
            return started
        if started.code != "already_running" or time.monotonic() > deadline or is_cancelled():
            raise StartError(started)
        time.sleep(5 * _PAUSE)


def ask_to_stop(service: Service, when: StopWhen) -> None:
    """Ask a backend to end, and don't wait; one that this Blender started gets a signal if deaf.

    Args:
        service: which one.
        when: "now" leaves a running job at its last checkpoint, "idle" lets the queue finish.
    """
    try:
        service.client.call("POST", "/service/stop", {"when": when}, timeout=_HEALTH_TIMEOUT)
    except RequestError:
        if service.process is not None:
            service.process.terminate()


def stop_service(service: Service, patience: float) -> bool:
    """End a backend now; one that this Blender started is killed after `patience` seconds.

    Returns:
        Whether its process is gone.
    """
    ask_to_stop(service, "now")
    if wait_for_end(service, patience):
        return True
    if service.process is None:
        return False
    service.process.kill()
    return wait_for_end(service, _HEALTH_TIMEOUT)


def wait_for_end(service: Service, seconds: float) -> bool:
    """Wait until the process is gone; whether it is."""
    deadline = time.monotonic() + seconds
    while not service.has_ended():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Environment of a foreign Python: without what Blender's own Python was told."""
    foreign = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    kept = {name: value for name, value in variables.items() if name not in foreign}
    return {**kept, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1", "PYTHONNOUSERSITE": "1"}


def detached() -> dict[str, Any]:
    """Arguments of Popen that keep the terminal's Ctrl-C and windows away from a child."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        return {"creationflags": flags}
    return {"start_new_session": True}


def _start(launch: Launch, is_cancelled: Callable[[], bool]) -> Service | Problem:
    """Start the backend and wait for its ready line."""
    try:
        launch.state.mkdir(parents=True, exist_ok=True)
        log = (launch.state / START_LOG).open("w", encoding="utf-8")
    except OSError as error:
        return messages.folder_unwritable(launch.state, error)
    with log:
        try:
            process = subprocess.Popen(
                _command(launch),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                errors="replace",
                cwd=launch.state,
                env=clean_environment(os.environ),
                **detached(),
            )
        except OSError:
            return messages.python_missing(launch.python)
    answer = _ready_or_problem(process, launch, is_cancelled)
    if isinstance(answer, Problem):
        _end(process)
    return answer


def _command(launch: Launch) -> list[str]:
    return [
        str(launch.python),
        *("-m", "album2avatar.cli", "serve"),
        *("--state", str(launch.state)),
        *("--parent-pid", str(launch.parent_pid)),
        *("--when-parent-ends", launch.when_parent_ends),
    ]


def _ready_or_problem(
    process: subprocess.Popen[str], launch: Launch, is_cancelled: Callable[[], bool]
) -> Service | Problem:
    line = _first_line(process, is_cancelled)
    if line is None:
        return messages.STARTING_TOOK_TOO_LONG
    if not line:
        code = _exit_code(process)
        return messages.ended_while_starting(_tail(launch.state / START_LOG), code)
    try:
        fields = Fields(json.loads(line))
        if fields.text("event") == "failed":
            return Problem(fields.required("code"), fields.required("message"))
        client = Client(fields.required("url"), _read_token(Path(fields.required("token_file"))))
        service = Service(
            client=client,
            pid=fields.integer("pid"),
            version=fields.text("version"),
            api=fields.integer("api"),
            state=launch.state,
            process=process,
        )
        _check_version(service, launch)
    except (ValueError, AnswerError, RequestError, OSError):
        return messages.BAD_ANSWER
    except StartError as error:
        return error.problem
    return service


def _first_line(process: subprocess.Popen[str], is_cancelled: Callable[[], bool]) -> str | None:
    """The first line of stdout, "" where it ends without one, None where it takes too long.

    A thread reads, because a pipe can't be waited for with a timeout on every system; it goes
    on reading to the end, so that the backend never stands before a full pipe.
    """
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(
        target=_read_lines,
        args=(cast(IO[str], process.stdout), lines),
        name="album2avatar ready line",
        daemon=True,
    ).start()
    deadline = time.monotonic() + READY_WITHIN
    while time.monotonic() < deadline and not is_cancelled():
        try:
            return lines.get(timeout=_PAUSE)
        except queue.Empty:
            continue
    return None


def _read_lines(stdout: IO[str], lines: "queue.SimpleQueue[str]") -> None:
    with stdout:
        lines.put(stdout.readline())
        for _ in stdout:
            pass


def _check_version(service: Service, launch: Launch) -> None:
    if service.api != messages.API:
        raise StartError(messages.other_api(service.api))
    if not is_same_release(service.version, launch.version):
        raise StartError(messages.other_version(service.version, launch.version))


def _read_token(path: Path) -> str:
    return path.read_text("utf-8").strip()


def _exit_code(process: subprocess.Popen[str]) -> int | None:
    try:
        return process.wait(_HEALTH_TIMEOUT)
    except subprocess.TimeoutExpired:
        return None


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(_HEALTH_TIMEOUT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""
