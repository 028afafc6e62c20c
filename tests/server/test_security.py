"""Who is let in, and what can't be reached even with the token."""

import contextlib
import http.client
import socket
from pathlib import Path
from urllib.parse import quote

import pytest

from running_service import RunningService

PATHS = ("/health", "/jobs", "/albums", "/openapi.json", "/artifacts/x", "/nowhere", "/")


def raw(
    service: RunningService, path: str, method: str = "GET", body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    """A request with exactly the headers that are given."""
    host, port = service.ready["url"].removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    if body and "Transfer_Encoding" not in headers:
        connection.putheader("Content-Length", str(len(body)))
    for name, value in headers.items():
        connection.putheader(name.replace("_", "-"), value)
    connection.endheaders()
    if body:
        with contextlib.suppress(OSError):  # it may hang up before it has read everything
            connection.send(body)
    response = connection.getresponse()
    return response.status, response.read()


@pytest.fixture(scope="module")
def allowed(service: RunningService) -> dict[str, str]:
    """Headers with which a request is let in."""
    return {
        "Host": service.ready["url"].removeprefix("http://"),
        "Authorization": f"Bearer {service.token}",
    }


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "given", ["", "Bearer ", "Bearer wrong", "bearer", "Basic dXNlcjpwYXNz", "{token}", "Bearer é"]
)
def test_without_the_token_every_path_is_closed(
    service: RunningService, allowed: dict[str, str], path: str, given: str
):
    headers = {"Host": allowed["Host"]}
    if given:
        headers["Authorization"] = given.format(token=service.token)
    assert raw(service, f"/v1{path}", **headers)[0] == 401


def test_a_token_with_one_letter_changed_is_wrong(service: RunningService, allowed: dict[str, str]):
    token = service.token
    for place in (0, len(token) - 1):
        changed = token[:place] + ("a" if token[place] != "a" else "b") + token[place + 1 :]
        headers = {**allowed, "Authorization": f"Bearer {changed}"}
        assert raw(service, "/v1/health", **headers)[0] == 401


@pytest.mark.parametrize(
    "host", ["example.com", "127.0.0.1", "127.0.0.1:1", "localhost.evil.com:{port}", "", "0:{port}"]
)
def test_another_host_is_refused(service: RunningService, allowed: dict[str, str], host: str):
    port = allowed["Host"].split(":")[1]
    status, body = raw(service, "/v1/health", **{**allowed, "Host": host.format(port=port)})
    assert status == 421
    assert b"wrong_host" in body


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])
def test_our_own_names_are_let_in(service: RunningService, allowed: dict[str, str], name: str):
    port = allowed["Host"].split(":")[1]
    assert raw(service, "/v1/health", **{**allowed, "Host": f"{name}:{port}"})[0] == 200


def test_a_request_without_a_host_is_refused(service: RunningService, allowed: dict[str, str]):
    status, _ = raw(service, "/v1/health", Authorization=allowed["Authorization"])
    assert status in (400, 421)


@pytest.mark.parametrize("origin", ["null", "http://127.0.0.1", "{own}", "https://example.com", ""])
def test_any_origin_is_refused(service: RunningService, allowed: dict[str, str], origin: str):
    origin = origin.format(own=service.ready["url"])
    status, body = raw(service, "/v1/health", **allowed, Origin=origin)
    assert status == 403
    assert b"Access-Control" not in body


def test_a_preflight_gets_no_permission(service: RunningService, allowed: dict[str, str]):
    answer = service.client.options(
        "/jobs", headers={"Origin": "null", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


TRAVERSALS = (
    "..", "../token", "../../etc/passwd", "..%2ftoken", "%2e%2e/token", "....//token",
    "/etc/passwd", "j0123456789ab/../token", "j0123456789ab.log/../../token", "..\\token",
    "C:\\Windows\\win.ini", "j0123456789ab.preview.paint.../../", "a\x00b", "~root", "%00",
    "j0123456789ab.mask.top.../../token", "j0123456789ab.mask.top..", "J0123456789AB.avatar",
    "j0123456789ab.avatar\n", "j٠١٢٣٤٥٦٧٨٩ab.avatar",
)  # fmt: skip


@pytest.mark.parametrize("crooked", TRAVERSALS)
@pytest.mark.parametrize(
    "path", ["/artifacts/{}", "/jobs/{}", "/albums/{}", "/jobs/{}/assets", "/jobs/{}/events"]
)
def test_no_id_leads_out_of_the_folder(service: RunningService, path: str, crooked: str):
    for text in (crooked, quote(crooked, safe=""), quote(quote(crooked, safe=""), safe="")):
        if any(ord(letter) < 33 or ord(letter) > 126 for letter in text):
            continue  # no URL
        answer = service.client.get(path.format(text))
        assert answer.status_code == 404, (path, text)
        assert service.token.encode() not in answer.content
        assert b"root:" not in answer.content


@pytest.mark.parametrize("kind", ["%2e%2e%2ftop", "top%00", "TOP", "nothing"])
def test_no_kind_of_asset_leads_anywhere(service: RunningService, kind: str):
    path = f"/jobs/j0123456789ab/assets/{kind}"
    assert service.client.patch(path, json={"name": "x"}).status_code == 404
    assert service.client.delete(path).status_code == 404
    assert service.client.post(f"{path}/merge", json={"into": "top"}).status_code == 404


@pytest.mark.parametrize(
    "folder", ["relative/album", "", "/nowhere/at/all", "/etc/passwd", "a\x00b", "/tmp/\n", "~"]
)
def test_only_a_folder_of_photos_becomes_an_album(service: RunningService, folder: str):
    answer = service.client.post("/albums", json={"folder": folder})
    assert answer.status_code == 422
    assert answer.json()["error"]["message"].endswith(".")


@pytest.mark.parametrize("name", ["../../etc/passwd", "/etc/passwd", "..", "", "a\x00.jpg"])
def test_no_name_of_a_photo_leads_out_of_its_album(service: RunningService, name: str):
    album = service.small_album()
    folder = service.get(f"/albums/{album}")["folder"]
    answer = service.client.post("/albums", json={"folder": folder, "names": [name]})
    assert answer.status_code == 422


def test_a_body_of_two_megabytes_is_refused(service: RunningService, allowed: dict[str, str]):
    status, body = raw(service, "/v1/jobs", "POST", b" " * 2**21, **allowed)
    assert status == 413
    assert b"body_too_large" in body


def test_a_body_of_unknown_length_is_refused_once_it_is_too_large(
    service: RunningService, allowed: dict[str, str]
):
    host, port = allowed["Host"].split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        head = f"POST /v1/jobs HTTP/1.1\r\nHost: {allowed['Host']}\r\n"
        head += f"Authorization: {allowed['Authorization']}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode())
        chunk = b"10000\r\n" + b" " * 2**16 + b"\r\n"
        sent = 0
        try:
            while sent < 2**24:
                connection.sendall(chunk)
                sent += 2**16
        except OSError:
            pass  # it hung up
        connection.settimeout(5)
        try:
            answer = connection.recv(4096)
        except OSError:
            answer = b"HTTP/1.1 413 hung up before the answer was read"
    assert answer.startswith(b"HTTP/1.1 413")
    assert sent < 2**24


@pytest.mark.parametrize("length", ["-1", "abc", "1e3", "99999999999999999999", "٣"])
def test_a_wrong_length_is_refused(service: RunningService, allowed: dict[str, str], length: str):
    host, port = allowed["Host"].split(":")
    head = f"POST /v1/jobs HTTP/1.1\r\nHost: {allowed['Host']}\r\n"
    head += f"Authorization: {allowed['Authorization']}\r\nContent-Length: {length}\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.recv(4096)
    assert answer.split()[1] in (b"400", b"413")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"a": ' * 50_000, b"\xff\xfe", b'"\\ud800"',
        b'{"album": "a", "goal": "avatar", "surprise": 1}', b'{"album": NaN, "goal": "assets"}',
        b'{"album": "a0123456789ab", "goal": "assets", "settings": {"\\ud800": "\\ud800"}}',
        b'{"album": "a0123456789ab", "goal": "assets", "settings": {"seed": 1e999}}',
        b'{"album": "\\ud800", "goal": "assets"}', b'{"album": "a", "goal": 1' + b"0" * 5000 + b"}",
    ],
)  # fmt: skip
def test_a_crooked_body_is_refused_with_a_sentence(service: RunningService, body: bytes):
    headers = {"Content-Type": "application/json"}
    answer = service.client.post("/jobs", content=body, headers=headers)
    assert answer.status_code in (400, 404, 422)
    assert answer.json()["error"]["message"]


def test_unknown_fields_are_named(service: RunningService):
    answer = service.client.put("/queue", json={"paused": True, "speed": 9})
    assert answer.status_code == 422
    assert "speed" in answer.json()["error"]["message"]
    assert service.get("/queue")["paused"] is False


def test_answers_forbid_guessing_their_type(service: RunningService):
    for path in ("/health", "/nowhere"):
        assert service.client.get(path).headers["x-content-type-options"] == "nosniff"


def test_nobody_listens_for_web_sockets(service: RunningService, allowed: dict[str, str]):
    status, _ = raw(
        service, "/v1/health", **allowed, Connection="Upgrade", Upgrade="websocket",
        Sec_WebSocket_Version="13", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
    )  # fmt: skip
    assert status in (200, 400, 403, 404)


def test_the_docs_pages_are_off(service: RunningService):
    for path in ("/docs", "/redoc", "/v1/docs", "/openapi.json"):
        url = service.ready["url"] + path
        assert service.client.get(url).status_code == 404


def test_the_tests_left_no_file_outside(service: RunningService):
    names = {path.name for path in Path(service.folder).iterdir()}
    assert names <= {"state", "album", "data"}
