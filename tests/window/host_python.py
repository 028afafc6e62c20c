"""The project's Python, lent to a Blender that lives in a folder of its own.

In there is no environment with torch. A program of the same path stands in for it: it hands its
arguments and its three streams over a socket to this side, where the real Python does the work.
When it goes, the real one goes; how the real one ends, it ends.
"""

import json
import os
import select
import socket
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

STAND_IN = '''#!/usr/bin/python3
"""Runs the Python of the same path on the other side of the socket."""
import json, os, socket, sys

with socket.socket(socket.AF_UNIX) as line:
    line.connect({socket!r})
    work = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
    socket.send_fds(line, [json.dumps(work).encode() + b"\\n"], [0, 1, 2])
    code = line.recv(16)
sys.exit(int(code or b"1"))
'''
_LONGEST_REQUEST = 2**17
_PATIENCE = 10.0


class HostPython:
    """Runs this process's own Python for the programs in a folder; ends with the `with` block."""

    def __init__(self, root: Path, place: Path, home: Path) -> None:
        """
        Args:
            root: the folder that is "/" in there.
            place: folder below it for the socket; must exist.
            home: the artist's home below it. Her data are kept there, but caches are this side's.
        """
        self._root = root
        self._socket = place / "python.socket"
        self._home = home

    @property
    def path(self) -> Path:
        """The program, as it is called in there and here."""
        return Path(sys.executable)

    def __enter__(self) -> "HostPython":
        program = self._root / self.path.relative_to("/")
        program.parent.mkdir(parents=True, exist_ok=True)
        program.unlink(missing_ok=True)
        program.write_text(STAND_IN.format(socket=str(self._socket)))
        program.chmod(0o755)
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self._socket))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._server.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line:
            request, (stdin, stdout, stderr) = _receive(line)
            process = subprocess.Popen(
                [str(self.path), *map(self._on_this_side, request["arguments"])],
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                cwd=self._root / Path(request["folder"]).relative_to("/"),
                env={**request["environment"], **self._environment()},
                start_new_session=True,
            )
            for stream in (stdin, stdout, stderr):
                os.close(stream)
            is_gone = False
            while process.poll() is None:
                is_gone = select.select([line], [], [], 0.05)[0] and not line.recv(1)
                if is_gone:
                    _end(process)
            if not is_gone:
                line.sendall(str(process.returncode % 256).encode())

    def _on_this_side(self, argument: str) -> str:
        """A path in the artist's home, as it is called here."""
        home = "/" + str(self._home.relative_to(self._root))
        return argument.replace(home, str(self._home), 1) if argument.startswith(home) else argument

    def _environment(self) -> dict[str, str]:
        data = self._home / ".local" / "share"
        kept = {name: os.environ[name] for name in ("PATH", "HOME")}
        return {**kept, "XDG_DATA_HOME": str(data)}


def _receive(line: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """A request's JSON, and the streams that came with it."""
    text, streams, _, _ = socket.recv_fds(line, _LONGEST_REQUEST, 3)
    while not text.endswith(b"\n"):
        text += line.recv(_LONGEST_REQUEST)
    return json.loads(text), streams


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_PATIENCE)
