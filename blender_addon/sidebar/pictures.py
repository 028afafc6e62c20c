"""Pictures of the backend as icons. Drawing only looks them up; Blender decodes them in a job."""

# pyright: reportMissingImports=false

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import bpy.utils.previews

_MOST = 400
"""Pictures that are kept; a preview of every few steps of a long job would be thousands."""


class Pictures:
    """Downloaded artifacts that can be drawn, by their ids."""

    def __init__(self) -> None:
        self._previews: Any = bpy.utils.previews.new()
        self._paths: dict[str, str] = {}

    def load(self, wanted: Iterable[str], files: Mapping[str, Path]) -> bool:
        """Make the wanted artifacts drawable as far as they are downloaded.

        Returns:
            Whether there are new ones.
        """
        has_new = False
        for artifact in wanted:
            path = str(files[artifact]) if artifact in files else None
            if path is None or self._paths.get(artifact) == path:
                continue
            if path not in self._previews:
                self._previews.load(path, path, "IMAGE")
            self._paths.pop(artifact, None)
            self._paths[artifact] = path
            has_new = True
        while len(self._paths) > _MOST:
            self._drop(next(iter(self._paths)))
        return has_new

    def holds(self, artifact: str | None) -> bool:
        """Whether an artifact can be drawn."""
        return artifact in self._paths

    def icon(self, artifact: str | None) -> int:
        """Icon of an artifact; 0 where it is not there yet."""
        path = self._paths.get(artifact or "")
        return self._previews[path].icon_id if path is not None else 0

    def close(self) -> None:
        """Let go of everything."""
        bpy.utils.previews.remove(self._previews)

    def _drop(self, artifact: str) -> None:
        path = self._paths.pop(artifact)
        if path not in self._paths.values():
            del self._previews[path]


def pictures() -> Pictures:
    """The pictures of the registered extension.

    Raises:
        RuntimeError: the extension is not registered.
    """
    if _registered is None:
        raise RuntimeError("album2avatar is not registered")
    return _registered


def register() -> None:
    """Begin with no pictures."""
    global _registered
    _registered = Pictures()


def unregister() -> None:
    """Let go of all pictures."""
    global _registered
    if _registered is not None:
        _registered.close()
    _registered = None


_registered: Pictures | None = None
