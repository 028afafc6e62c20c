"""Downloads artifacts in a thread of its own, each once."""

import logging
import time
from collections.abc import Callable

from . import messages
from .artifacts import ARTIFACT_ID, ArtifactCache
from .board import Board
from .client import Client, RequestError
from .lane import Lane

_RETRY_AFTER = 5.0
"""Seconds."""

_log = logging.getLogger(__name__)


class Downloads:
    """Fetches what the panels want to show; may be asked anywhere, and often."""

    def __init__(
        self, board: Board, cache: ArtifactCache, client: Callable[[], Client | None]
    ) -> None:
        """Prepare.

        Args:
            board: shows the files.
            cache: where they are kept.
            client: the way to the present backend, None while there is none.
        """
        self._board = board
        self._cache = cache
        self._client = client
        self._lane = Lane("album2avatar downloads")
        self._pending: set[str] = set()
        self._failed: dict[str, float] = {}

    def want(self, artifact: str) -> None:
        """Have an artifact downloaded, unless it is here, on its way, or failed just now."""
        if self._cache.touch(artifact) or not ARTIFACT_ID.match(artifact):
            return
        with self._board.lock:
            failed_at = self._failed.get(artifact)
            if failed_at is not None and time.monotonic() - failed_at < _RETRY_AFTER:
                return
            if artifact in self._pending or self._client() is None:
                return
            self._pending.add(artifact)
        self._lane.put(lambda: self._download(artifact))

    def close(self) -> None:
        """Begin nothing new."""
        self._lane.close()

    def _download(self, artifact: str) -> None:
        client = self._client()
        try:
            if client is None:
                return
            self._cache.fetch(client, artifact)
        except RequestError as error:
            _log.info("Artifact %s: %s", artifact, error)
            self._failed[artifact] = time.monotonic()
            if error.problem == messages.DISK_FULL:
                self._board.update(problem=error.problem)
        else:
            self._failed.pop(artifact, None)
            with self._board.lock:
                self._board.update(files=self._cache.files())
        finally:
            with self._board.lock:
                self._pending.discard(artifact)
