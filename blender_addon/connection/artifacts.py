"""Downloaded artifacts: files in a folder that never grows beyond a limit."""

import contextlib
import hashlib
import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from . import messages
from .client import Client, RequestError

ARTIFACT_ID = re.compile(r"^[a-z0-9_.-]{1,200}$")
_SUFFIXES = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/webp": ".webp",
    "model/gltf-binary": ".glb",
    "text/plain": ".log",
    "application/json": ".json",
}


@dataclass
class _File:
    path: Path
    size: int
    wanted_at: float


class ArtifactCache:
    """Files by artifact id; may be used from several threads.

    A file's name carries a part of its content's hash: who sees the same path sees the same
    picture, so that Blender's own image caches stay right.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Keep files below `folder`; the ones wanted longest ago go when `limit_bytes` are full."""
        self._folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._files: dict[str, _File] = {}
        self._former: list[_File] = []
        self._fetched: set[str] = set()
        """On their way, and not forgotten since."""

    def touch(self, artifact: str) -> bool:
        """Remember that the artifact is wanted; whether it is here."""
        with self._lock:
            file = self._files.get(artifact)
            if file is None:
                return False
            file.wanted_at = time.monotonic()
            return True

    def fetch(self, client: Client, artifact: str) -> None:
        """Download an artifact, and let go of old ones beyond the limit.

        One that is forgotten meanwhile is not here afterwards: it may be the old content.

        Raises:
            RequestError: it can't be downloaded or written.
        """
        partial = self._folder / f"{artifact[:80]}.partial"
        with self._lock:
            self._fetched.add(artifact)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            content_type = client.download(f"/artifacts/{artifact}", partial)
            with partial.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
            suffix = _SUFFIXES.get(content_type, ".bin")
            path = self._folder / f"{artifact[:80]}-{digest}{suffix}"
            size = partial.stat().st_size
            partial.replace(path)
        except OSError as error:
            raise RequestError(messages.folder_unwritable(self._folder, error)) from error
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
        with self._lock:
            self._let_go(artifact)
            self._former = [file for file in self._former if file.path != path]
            self._files[artifact] = _File(path, size, time.monotonic())
            if artifact not in self._fetched:
                self._let_go(artifact)
            self._fetched.discard(artifact)
            self._make_room(artifact)

    def forget(self, prefix: str) -> None:
        """Let go of every artifact whose id starts so, because its content may have changed.

        The files stay until their place is needed: a picture may be on screen.
        """
        with self._lock:
            for artifact in [found for found in self._files if found.startswith(prefix)]:
                self._let_go(artifact)
            self._fetched = {found for found in self._fetched if not found.startswith(prefix)}

    def files(self) -> Mapping[str, Path]:
        """Path of each artifact that is here."""
        with self._lock:
            return MappingProxyType({name: file.path for name, file in self._files.items()})

    def _let_go(self, artifact: str) -> None:
        file = self._files.pop(artifact, None)
        if file is not None:
            self._former.append(file)

    def _make_room(self, newest: str) -> None:
        """Delete what nobody looks up any more, then what was wanted longest ago."""
        size = sum(file.size for file in (*self._former, *self._files.values()))
        by_age = sorted(self._files, key=lambda artifact: self._files[artifact].wanted_at)
        candidates = [artifact for artifact in by_age if artifact != newest]
        while size > self._limit and (self._former or candidates):
            if not self._former:
                self._let_go(candidates.pop(0))
            file = self._former.pop(0)
            _delete(file.path)
            size -= file.size


def _delete(path: Path) -> None:
    # Windows keeps a file that is open; the folder goes with Blender's session.
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
