"""Who may talk to the service: programs of this user, on this machine, with the token."""

import json
import secrets
from collections.abc import Iterable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 2**20
"""Bytes of a request's body; the largest real one is a few kilobytes."""


class Guard:
    """ASGI middleware that refuses every request that doesn't come from one of our programs.

    A web page that a browser shows can't read the token, but it can send requests to local
    ports; so the host's name must be ours (against DNS rebinding), and a request with an origin
    is refused, whatever it is.
    """

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()
        self._hosts = {f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost", "[::1]")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with an error."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        problem = self._problem(list(scope["headers"]))
        if problem is not None:
            await refuse(send, *problem)
            return
        body = await _read_body(receive)
        if body is None:
            await refuse(send, 413, "body_too_large", _TOO_LARGE)
            return
        await self._app(scope, _replay(body, receive), _hardened(send))

    def _problem(self, headers: list[tuple[bytes, bytes]]) -> tuple[int, str, str] | None:
        hosts = list(_values(headers, b"host"))
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return 421, "wrong_host", "This service answers on 127.0.0.1 only. Use its own URL."
        if any(True for _ in _values(headers, b"origin")):
            return 403, "origin_refused", "Web pages may not use this service. Use a program."
        given = list(_values(headers, b"authorization"))
        # Compared in constant time, so that the answer's delay says nothing of the token.
        if len(given) != 1 or not secrets.compare_digest(given[0], self._expected):
            return (
                401,
                "unauthorized",
                "The token is missing or wrong. Send the one in the service's token file as "
                "'Authorization: Bearer TOKEN'.",
            )
        for length in _values(headers, b"content-length"):
            if not length.isdigit() or int(length) > BODY_LIMIT:
                return 413, "body_too_large", _TOO_LARGE
        return None


async def refuse(send: Send, status: int, code: str, message: str) -> None:
    """Answer a request with an error and close its connection."""
    body = json.dumps({"error": {"code": code, "message": message}}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"x-content-type-options", b"nosniff"),
    ]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


_TOO_LARGE = f"The request's body is larger than {BODY_LIMIT // 2**10} KiB. Send less."


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> Iterable[bytes]:
    return (value for key, value in headers if key.lower() == name)


async def _read_body(receive: Receive) -> bytes | None:
    """Read a whole body, whether its length was announced or not; None if it is too large."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return body  # the client went away; the route finds out
        body += message.get("body", b"")
        if len(body) > BODY_LIMIT:
            return None
        if not message.get("more_body", False):
            return body


def _replay(body: bytes, receive: Receive) -> Receive:
    """Give the body that was read already, then whatever the client still says."""
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _hardened(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [
                *message.get("headers", []),
                (b"x-content-type-options", b"nosniff"),
                (b"cache-control", b"no-store"),
            ]
        await send(message)

    return with_headers
