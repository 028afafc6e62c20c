"""One job's own process: `python -m album2avatar.jobs.worker`.

The first line on standard input is the request; each later line is a command. When standard
input ends the service is dead, and so the worker ends at once: its files are safe at any moment.
Messages go to a private copy of standard output; whatever a library prints there goes to the
log instead, as everything on standard error does.
"""

import math
import os
import sys
import threading
import traceback
from typing import BinaryIO

import psutil
from filelock import FileLock, Timeout

from album2avatar.errors import Album2AvatarError, CancelledError
from album2avatar.full_memory import says_memory_is_full
from album2avatar.jobs.errors import code_of
from album2avatar.jobs.worker_protocol import (
    CANCEL,
    EndMessage,
    Message,
    ProgressMessage,
    WorkerRequest,
    parse_request,
)
from album2avatar.progress import ProgressEvent
from album2avatar.workspace import Workspace

LOCK_SECONDS = 30.0
"""How long a worker whose service was killed may take to let go of the workspace."""

NICENESS = 10
"""Of 19; the job takes what the artist's own programs leave of the processor."""


class Line:
    """The way out for messages: whole lines only, from any thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Write one message; end at once where nobody listens any more."""
        try:
            with self._lock:
                self._stream.write(message.model_dump_json().encode() + b"\n")
                self._stream.flush()
        except OSError:
            os._exit(1)


class Commands:
    """Reads commands from the service in a thread of its own."""

    def __init__(self, stream: BinaryIO, line: Line) -> None:
        self.cancelled = threading.Event()
        self.is_loaded = threading.Event()
        self._stream = stream
        self._line = line
        threading.Thread(target=self._listen, name="commands", daemon=True).start()

    def _listen(self) -> None:
        for command in self._stream:
            if command.decode().strip() != CANCEL:
                continue
            self.cancelled.set()
            if not self.is_loaded.is_set():
                # Loading torch takes seconds and can't be interrupted; nothing is at stake yet.
                self._line.send(EndMessage(outcome="cancelled"))
                os._exit(0)
        os._exit(1)


def main() -> None:
    """Do one job and say how it ended."""
    line = Line(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)
    _step_back()
    request = parse_request(sys.stdin.buffer.readline())
    commands = Commands(sys.stdin.buffer, line)
    line.send(work(request, commands, line))
    os._exit(0)  # threads and children of libraries have no say in it


def work(request: WorkerRequest, commands: Commands, line: Line) -> EndMessage:
    """Run the pipeline; every way in which it may end becomes a message."""
    workspace = Workspace(request.workspace_root)
    try:
        from album2avatar.jobs.works import do_work

        commands.is_loaded.set()
        _wait_for_lock(workspace)
        do_work(request, lambda event: line.send(_progress(event)), commands.cancelled)
    except CancelledError:
        return EndMessage(outcome="cancelled")
    except Album2AvatarError as error:
        return EndMessage(outcome="failed", code=code_of(error), message=str(error))
    except Exception as error:
        traceback.print_exc()
        return _unexpected(error, workspace)
    return EndMessage(outcome="done")


def _step_back() -> None:
    process = psutil.Process()
    if sys.platform == "win32":
        process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
    else:
        process.nice(max(process.nice(), NICENESS))


def _progress(event: ProgressEvent) -> ProgressMessage:
    return ProgressMessage(
        stage=event.stage,
        step=event.step,
        total=event.total,
        message=event.message,
        metrics={name: value for name, value in event.metrics.items() if math.isfinite(value)},
        preview=event.preview.stem if event.preview is not None else None,
        seconds=event.seconds,
        steps_done_here=event.steps_done_here,
        seconds_left=event.seconds_left,
    )


def _wait_for_lock(workspace: Workspace) -> None:
    """Give a predecessor the time to die; who else holds the lock is for the pipeline to say."""
    lock = FileLock(workspace.lock)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except (Timeout, OSError):
        return
    lock.release()


def _unexpected(error: Exception, workspace: Workspace) -> EndMessage:
    if says_memory_is_full(error):
        return EndMessage(
            outcome="failed",
            code="out_of_memory",
            message="The memory is full. Close other programs or choose a smaller preset, then "
            "press Resume; the job goes on from its last checkpoint.",
        )
    return EndMessage(
        outcome="failed",
        code="internal",
        message=f"Something unexpected went wrong ({type(error).__name__}). Press Resume to try "
        f"again from the last checkpoint; if it comes back, report it with {workspace.log}.",
    )


if __name__ == "__main__":
    main()
