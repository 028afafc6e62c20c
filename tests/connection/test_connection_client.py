"""Requests to a backend that misbehaves: each ends in time, with a sentence."""

import socket
import time
from pathlib import Path

import pytest
from tiny_server import send

from blender_addon.connection.client import Client, RequestError
from blender_addon.connection.messages import DISK_FULL


def code_of(client: Client, path: str = "/jobs", timeout: float | None = None) -> str:
    with pytest.raises(RequestError) as caught:
        client.call("GET", path, timeout=timeout)
    assert caught.value.problem.message.endswith(".")
    return caught.value.problem.code


def test_garbage_instead_of_json(tiny_server):
    server = tiny_server(lambda handler: send(handler, 200, b"<html>\xff", "text/html"))
    assert code_of(Client(server.url, "token")) == "bad_answer"


def test_no_http_at_all(tiny_server):
    server = tiny_server(lambda handler: handler.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n"))
    assert code_of(Client(server.url, "token")) == "bad_answer"


def test_an_answer_that_never_comes_ends_after_the_timeout(tiny_server):
    server = tiny_server(lambda handler: time.sleep(3))
    began = time.monotonic()
    assert code_of(Client(server.url, "token"), timeout=0.3) == "timeout"
    assert time.monotonic() - began < 1.5


def test_an_answer_that_breaks_off(tiny_server):
    def break_off(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"jobs": [')

    assert code_of(Client(tiny_server(break_off).url, "token")) == "refused"


def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert code_of(Client(url, "token")) == "refused"


def test_the_backends_own_words_are_kept(tiny_server):
    words = b'{"error": {"code": "no_photos", "message": "The folder is empty."}}'
    server = tiny_server(lambda handler: send(handler, 422, words, "application/json"))
    with pytest.raises(RequestError, match=r"^The folder is empty\.$") as caught:
        Client(server.url, "token").call("POST", "/albums", {"folder": "/"})
    assert caught.value.problem.code == "no_photos"


def test_a_refusal_without_words_gets_some(tiny_server):
    server = tiny_server(lambda handler: send(handler, 401, b"{}", "application/json"))
    assert code_of(Client(server.url, "token")) == "unauthorized"
    server = tiny_server(lambda handler: send(handler, 500, b"oops", "text/plain"))
    assert code_of(Client(server.url, "token")) == "http_500"


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.1.2:8000",
        "http://example.com:80",
        "https://127.0.0.1:8000",
        "http://127.0.0.1",
        "http://127.0.0.1.evil.example:80",
        "file:///etc/passwd",
        "",
    ],
)
def test_the_token_goes_nowhere_but_to_this_computer(url):
    with pytest.raises(RequestError):
        Client(url, "token")


def test_token_host_and_no_origin_are_sent(tiny_server):
    server = tiny_server(lambda handler: send(handler, 200, b"{}", "application/json"))
    Client(server.url, "secret").call("POST", "/jobs", {"album": "a"})
    ((method, path, headers),) = server.requests
    assert (method, path) == ("POST", "/v1/jobs")
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Host"] == server.url.removeprefix("http://")
    assert "Origin" not in headers


def test_download_to_a_full_disk(tiny_server):
    server = tiny_server(lambda handler: send(handler, 200, b"x" * 100, "image/png"))
    with pytest.raises(RequestError) as caught:
        Client(server.url, "token").download("/artifacts/a", Path("/dev/full"))
    assert caught.value.problem == DISK_FULL


def test_a_download_that_breaks_off_is_no_file(tiny_server, tmp_path):
    def break_off(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "image/png")
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b"half")

    with pytest.raises(RequestError) as caught:
        Client(tiny_server(break_off).url, "token").download("/artifacts/a", tmp_path / "a")
    assert caught.value.problem.code == "refused"
