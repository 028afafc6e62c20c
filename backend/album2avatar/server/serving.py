"""`album2avatar serve`: one process that listens on this machine until it is told to end."""

import contextlib
import errno
import json
import logging
import logging.handlers
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal, NoReturn

import uvicorn
from filelock import FileLock, Timeout

from album2avatar import __version__
from album2avatar.errors import Album2AvatarError
from album2avatar.jobs.errors import code_of
from album2avatar.jobs.records import now
from album2avatar.jobs.service import JobService
from album2avatar.jobs.state_folder import StateFolder, write_private
from album2avatar.server.app import build_app
from album2avatar.server.parent_watch import watch_parent
from album2avatar.server.routes import API, Service, WhenParentEnds

logger = logging.getLogger(__name__)

_LOG_BYTES = 2**20
_IDLE_LOOK_SECONDS = 0.5
_GRACE_SECONDS = 2

Announce = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class ServeOptions:
    """What the command line says."""

    state: StateFolder
    port: int
    """0 takes a free one."""
    parent_pid: int | None
    when_parent_ends: WhenParentEnds
    database_url: str
    """Of the ledger; SQLite in the state folder where empty."""


class StartError(Album2AvatarError):
    """The service can't start."""

    def __init__(self, code: str, message: str, url: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.url = url


def run_service(options: ServeOptions) -> NoReturn:
    """Serve until told to end, then end the process.

    The first and only line on standard output says where the service listens, or why it doesn't.
    """
    code = _try_to_serve(options, _take_standard_output())
    logging.shutdown()
    # Threads of libraries, such as one that waits for a photo's decoder, have no say in it.
    os._exit(code)


def _try_to_serve(options: ServeOptions, announce: Announce) -> int:
    try:
        try:
            options.state.make()
        except Album2AvatarError as error:
            raise StartError("state_unwritable", str(error)) from error
        with _alone(options.state), _bound(options.port) as listener:
            _log_to(options.state)
            _serve(options, listener, announce)
    except StartError as error:
        where = {"url": error.url} if error.url else {}
        announce({"event": "failed", "code": error.code, "message": str(error), **where})
        return 1
    except Album2AvatarError as error:
        announce({"event": "failed", "code": code_of(error), "message": str(error)})
        return 1
    except Exception:
        logger.exception("the service can't start")
        message = (
            f"Something unexpected went wrong. {options.state.log} says more; report it if it "
            "comes back."
        )
        announce({"event": "failed", "code": "internal", "message": message})
        return 1
    return 0


class _Server(uvicorn.Server):
    """uvicorn that says when it is ready, and ends in our order."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], ending: "_Ending"):
        super().__init__(config)
        self._on_ready = on_ready
        self._ending = ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._ending.event.set()  # streams of events end, so that their connections can close
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        def end(number: int, frame: FrameType | None) -> None:
            self.should_exit = True

        signal.signal(signal.SIGINT, end)
        signal.signal(signal.SIGTERM, end)
        yield


class _Ending:
    """Decides when the service ends."""

    def __init__(self, jobs: JobService, when_parent_ends: WhenParentEnds) -> None:
        self.event = threading.Event()
        self.server: _Server | None = None
        self._jobs = jobs
        self._when_parent_ends: WhenParentEnds = when_parent_ends
        self._waits = threading.Event()

    def set_when_parent_ends(self, choice: WhenParentEnds) -> None:
        self._when_parent_ends = choice

    def stop(self, when: Literal["now", "idle"]) -> None:
        if when == "now":
            if self.server is not None:
                self.server.should_exit = True
        elif not self._waits.is_set():
            self._waits.set()
            threading.Thread(target=self._stop_when_idle, name="until-idle", daemon=True).start()

    def parent_ended(self) -> None:
        logger.info("the parent process is gone: %s", self._when_parent_ends)
        self.stop("now" if self._when_parent_ends == "stop" else "idle")

    def _stop_when_idle(self) -> None:
        while not self._jobs.is_idle:
            self.event.wait(_IDLE_LOOK_SECONDS)
        self.stop("now")


def _serve(options: ServeOptions, listener: socket.socket, announce: Announce) -> None:
    state = options.state
    port = int(listener.getsockname()[1])
    url = f"http://127.0.0.1:{port}"
    token = _token(state)
    jobs = JobService(state, options.database_url)
    ending = _Ending(jobs, options.when_parent_ends)
    service = Service(jobs, ending.event, ending.set_when_parent_ends, ending.stop)

    def ready() -> None:
        about = {"url": url, "pid": os.getpid(), "version": __version__, "api": API}
        write_private(state.service_file, json.dumps({**about, "started_at": now()}))
        announce({"event": "ready", **about, "token_file": str(state.token)})
        logger.info("listening on port %d", port)
        if options.parent_pid is not None:
            watch_parent(options.parent_pid, ending.parent_ended)

    config = uvicorn.Config(
        build_app(service, token, port),
        log_config=None,
        access_log=False,  # paths hold the names of photos
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=_GRACE_SECONDS,
        timeout_keep_alive=30,
    )
    server = _Server(config, ready, ending)
    ending.server = server
    try:
        server.run(sockets=[listener])
    finally:
        ending.event.set()
        jobs.close()
        state.service_file.unlink(missing_ok=True)
        logger.info("ended")


def _take_standard_output() -> Announce:
    """Keep standard output for the one line; whatever else is printed goes to standard error."""
    sys.stdout.flush()
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def announce(values: Mapping[str, Any]) -> None:
        with contextlib.suppress(OSError):
            stream.write(json.dumps(values) + "\n")
            stream.flush()

    return announce


@contextlib.contextmanager
def _alone(state: StateFolder) -> Generator[None]:
    lock = FileLock(state.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        url = ""
        with contextlib.suppress(OSError, ValueError, KeyError):
            url = str(json.loads(state.service_file.read_text(encoding="utf-8"))["url"])
        raise StartError(
            "already_running",
            f"A service runs on {state.root} already. Use that one, or name another folder "
            "with --state.",
            url,
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _bound(port: int) -> Generator[socket.socket]:
    # With the protocol named, asyncio switches off Nagle's delay of 40 ms an answer.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        if os.name == "posix":  # elsewhere it would let two programs share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(128)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                raise StartError(
                    "port_taken",
                    f"Port {port} can't be had ({error.strerror}). Leave --port out to take a free "
                    "one.",
                ) from error
            raise
        yield listener


def _log_to(state: StateFolder) -> None:
    handler = logging.handlers.RotatingFileHandler(
        state.log, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("album2avatar").setLevel(logging.INFO)


def _token(state: StateFolder) -> str:
    """The token that the API asks for; another one at each start, for ports are used again."""
    token = secrets.token_urlsafe(32)
    write_private(state.token, token)
    return token
