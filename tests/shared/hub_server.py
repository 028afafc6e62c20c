"""A hub of one's own: the requests that huggingface_hub makes, answered from a folder."""

import hashlib
import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

MODEL_ID = "somebody/tiny-xl"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class Repository:
    """One model of the hub."""

    folder: Path
    license: str = "openrail++"
    is_gated: bool = False


@dataclass
class TinyHub:
    """What the server serves, and what it was asked for."""

    url: str
    repositories: dict[str, Repository] = field(default_factory=dict)
    downloaded: list[str] = field(default_factory=list)
    """Names of the files whose contents were sent."""


@contextmanager
def running_hub() -> Generator[TinyHub]:
    """Serve on a free port of the loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.hub = TinyHub(f"http://127.0.0.1:{server.server_port}")  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.hub  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: Any) -> None:
        pass

    @property
    def _hub(self) -> TinyHub:
        return self.server.hub  # type: ignore[attr-defined]

    def _answer(self) -> None:
        parts = [unquote(part) for part in urlsplit(self.path).path.strip("/").split("/")]
        is_api = parts[:2] == ["api", "models"]
        owner_and_name = parts[2:4] if is_api else parts[:2]
        repository = self._hub.repositories.get("/".join(owner_and_name))
        if repository is None:
            self._refuse(404, "RepoNotFound")
        elif is_api and parts[4:5] == ["tree"]:
            self._send_json(_tree(repository.folder))
        elif is_api:
            self._send_json(_info("/".join(owner_and_name), repository))
        elif repository.is_gated:
            self._refuse(403, "GatedRepo")
        else:
            self._send_file(repository.folder, "/".join(parts[4:]))

    def _send_json(self, value: Any) -> None:
        self._send(200, {"Content-Type": "application/json"}, json.dumps(value).encode())

    def _send_file(self, folder: Path, name: str) -> None:
        content = (folder / name).read_bytes()
        if self.command == "GET":
            self._hub.downloaded.append(name)
        self._send(200, {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": COMMIT}, content)

    def _refuse(self, status: int, code: str) -> None:
        self._send(status, {"X-Error-Code": code, "X-Error-Message": code}, b"")

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def _etag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _info(name: str, repository: Repository) -> dict[str, Any]:
    return {
        "id": name,
        "sha": COMMIT,
        "gated": "auto" if repository.is_gated else False,
        "cardData": {"license": repository.license},
        "siblings": [
            {"rfilename": name, "size": len(content)}
            for name, content in _files(repository.folder).items()
        ],
    }


def _tree(folder: Path) -> list[dict[str, Any]]:
    return [
        {"type": "file", "path": name, "size": len(content), "oid": _etag(content)}
        for name, content in _files(folder).items()
    ]
