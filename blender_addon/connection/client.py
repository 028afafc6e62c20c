"""HTTP to the backend on this computer: JSON, a token, a timeout on everything."""

import contextlib
import http.client
import json
import socket
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from . import messages
from .parsing import AnswerError, Fields, parse_problem
from .types import Problem

PREFIX = "/v1"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The token is never sent anywhere else."""

LARGEST_ANSWER = 32 * 2**20
LONGEST_LINE = 2**20
_CHUNK = 256 * 1024
_USUAL_TIMEOUT = 10.0
_PATIENCE = {"/doctor": 180.0, "/albums": 30.0, "/jobs": 30.0, "/wardrobe": 30.0}
"""Seconds for paths that start so: the doctor loads torch in a child, the others read folders."""


class RequestError(Exception):
    """A request that failed, in words."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


class UnreachableError(RequestError):
    """Nobody took the request: it may be sent again."""


class Client:
    """Requests to one running backend; may be used from several threads."""

    def __init__(self, url: str, token: str) -> None:
        """Name the backend at `url`.

        Raises:
            RequestError: the address is not on this computer.
        """
        parts = urlsplit(url)
        if parts.scheme != "http" or parts.hostname not in LOOPBACK or parts.port is None:
            raise RequestError(messages.BAD_ANSWER)
        self._host, self._port = parts.hostname, parts.port
        self._token = token

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Send `body` as JSON to `path` (below /v1) and read the answer, None where it is empty.

        Raises:
            RequestError: the backend is away, refuses, or can't be understood.
        """
        with self._response(method, path, body, headers, timeout) as response:
            expected = response.length or 0
            content = response.read(LARGEST_ANSWER + 1)
        if len(content) < expected <= LARGEST_ANSWER:
            raise RequestError(messages.REFUSED)  # http.client does not mind an early end
        if len(content) > LARGEST_ANSWER:
            raise RequestError(messages.BAD_ANSWER)
        return _json(content) if content else None

    def download(self, path: str, target: Path) -> str:
        """Write what is at `path` to the file `target`; the answer is its content type.

        Raises:
            RequestError: as for `call`, or the file can't be written.
        """
        with self._response("GET", path, None, None, None) as response:
            expected = response.length
            written = 0
            with _writing(target) as write:
                while chunk := response.read(_CHUNK):
                    write(chunk)
                    written += len(chunk)
        if expected is not None and written != expected:
            raise RequestError(messages.REFUSED)
        return response.headers.get_content_type()

    def open_stream(self, path: str, headers: Mapping[str, str], silence: float) -> "Stream":
        """Open an answer that comes line by line; `silence` is the longest wait for a line, s.

        Raises:
            RequestError: as for `call`.
        """
        connection = self._connect(silence)
        socket_of_stream = connection.sock
        try:
            with _in_words():
                response = self._send(connection, "GET", path, None, headers)
        except RequestError:
            connection.close()
            raise
        return Stream(response, socket_of_stream)

    @contextmanager
    def _response(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        timeout: float | None,
    ) -> Generator[http.client.HTTPResponse]:
        connection = self._connect(timeout or _timeout_of(path))
        try:
            with _in_words():
                yield self._send(connection, method, path, body, headers)
        finally:
            connection.close()

    def _connect(self, timeout: float) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(self._host, self._port, timeout=timeout)
        try:
            with _in_words():
                connection.connect()
        except RequestError as error:
            raise UnreachableError(error.problem) from error
        return connection

    def _send(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
    ) -> http.client.HTTPResponse:
        sent = {"Authorization": f"Bearer {self._token}", "Connection": "close", **(headers or {})}
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        connection.request(method, PREFIX + path, content, sent)
        response = connection.getresponse()
        if response.status >= 400:
            raise RequestError(_refusal(response.status, response.read(LARGEST_ANSWER)))
        return response


class Stream:
    """An answer that is read line by line, and that another thread can break off."""

    def __init__(self, response: http.client.HTTPResponse, connection: socket.socket) -> None:
        self._response = response
        self._connection = connection

    def lines(self) -> Iterator[bytes]:
        """Every line as it comes, to the end of the stream.

        Raises:
            RequestError: the stream broke, or was silent for too long.
        """
        with _in_words():
            while line := self._response.readline(LONGEST_LINE):
                yield line

    def close(self) -> None:
        """End it, also while another thread waits for a line."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()


@contextmanager
def _in_words() -> Generator[None]:
    """Turn what the sockets and http.client raise into sentences."""
    try:
        yield
    except OSError as error:
        raise RequestError(messages.from_os_error(error)) from error
    except http.client.IncompleteRead as error:
        raise RequestError(messages.REFUSED) from error
    except (http.client.HTTPException, ValueError) as error:
        raise RequestError(messages.BAD_ANSWER) from error


@contextmanager
def _writing(target: Path) -> Generator[Callable[[bytes], object]]:
    """Give a function that writes to `target`; its failures are the disk's, not the network's."""

    def write(chunk: bytes) -> None:
        try:
            file.write(chunk)
        except OSError as error:
            raise RequestError(messages.folder_unwritable(target.parent, error)) from error

    try:
        file = target.open("wb", buffering=0)
    except OSError as error:
        raise RequestError(messages.folder_unwritable(target.parent, error)) from error
    with file:
        yield write


def _timeout_of(path: str) -> float:
    known = (seconds for start, seconds in _PATIENCE.items() if path.startswith(start))
    return next(known, _USUAL_TIMEOUT)


def _refusal(status: int, content: bytes) -> Problem:
    """The backend's own words where it sent some."""
    try:
        problem = Fields(_json(content)).record_or_none("error", parse_problem)
    except (RequestError, AnswerError):
        problem = None
    if problem is None or not problem.message:
        return messages.answered_with_error(status)
    return problem


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise RequestError(messages.BAD_ANSWER) from error
