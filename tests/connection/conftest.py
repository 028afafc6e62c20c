"""The extension's connection without Blender, and servers for it to talk to."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from blender_addon.connection.connection import Connection

ADDON = Path(__file__).resolve().parents[2] / "blender_addon"


def _make_importable() -> None:
    """Let `blender_addon.connection` be imported without the extension's own `import bpy`."""
    package = ModuleType("blender_addon")
    package.__path__ = [str(ADDON)]
    sys.modules.setdefault("blender_addon", package)


_make_importable()

from tiny_server import Answer, TinyServer  # noqa: E402


@pytest.fixture
def tiny_server() -> Iterator[Callable[[Answer], TinyServer]]:
    """Starts servers that answer as a test wants; they end with the test."""
    servers: list[TinyServer] = []

    def start(answer: Answer) -> TinyServer:
        servers.append(TinyServer(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def connect(tmp_path: Path) -> Iterator[Callable[[], "Connection"]]:
    """Makes connections; whatever they started ends with the test."""
    from blender_addon.connection.connection import Connection

    made: list[Connection] = []

    def make() -> Connection:
        made.append(Connection(tmp_path / f"cache{len(made)}"))
        return made[-1]

    yield make
    for connection in made:
        connection.close("now", 5.0)
