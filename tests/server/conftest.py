"""Services that the tests of a module share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from running_service import RunningService


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service on an empty folder."""
    running = RunningService(tmp_path_factory.mktemp("service"))
    yield running
    running.end()


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[RunningService]:
    """A service that a test may kill."""
    running = RunningService(tmp_path)
    yield running
    running.end()
