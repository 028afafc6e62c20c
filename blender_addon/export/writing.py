"""Blender's exporters, whose failures become sentences."""

# pyright: reportMissingImports=false

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import AvatarError, reason_of


def write_with(exporter: Callable[..., Any], path: Path, options: Mapping[str, Any]) -> None:
    """Let one of Blender's exporters write a file.

    Raises:
        AvatarError: it can't, for instance because the folder is missing.
    """
    try:
        exporter(filepath=str(path), **options)
    except (RuntimeError, OSError) as error:
        raise AvatarError(
            f"{path.name} can't be written ({reason_of(error)}). Choose another folder, or free "
            "some space."
        ) from error
