"""The artist's choices about the backend, read from the preferences."""

# pyright: reportMissingImports=false

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import bpy

from ..connection.folders import default_installation, default_state
from ..connection.python_choice import python_of
from ..connection.types import ParentEnds

ADDON = __package__.removesuffix(".setup") if __package__ else ""
"""Name under which Blender knows the extension."""

Environment = Literal["OWN", "EXISTING"]


@dataclass(frozen=True)
class Choices:
    """What the preferences say; the defaults where the extension is not enabled as one."""

    environment: Environment
    """A backend environment made by the extension, or one of the artist's."""
    installation: Path
    """Folder in which the environment is made."""
    python: str
    """Python to make it from; "" to look for one."""
    source: str
    """Folder or wheel of album2avatar; "" for the package index."""
    existing: Path | None
    """Python of the artist's environment, where one is used."""
    state: Path
    """Folder of the service's ledger, token and logs."""
    avatars: Path | None
    """Folder for avatars; None where the backend chooses."""
    when_blender_quits: ParentEnds


def read_choices(context: Any) -> Choices:
    """The choices as they stand in the preferences."""
    addon = context.preferences.addons.get(ADDON)
    values = addon.preferences if addon is not None else None
    environment: Environment = values.environment if values is not None else "OWN"
    existing = _path(values, "existing")
    if existing is not None and existing.is_dir():
        existing = python_of(existing)
    return Choices(
        environment=environment,
        installation=_path(values, "installation") or default_installation(),
        python=_text(values, "python"),
        source=_text(values, "source"),
        existing=existing if environment == "EXISTING" else None,
        state=_path(values, "state") or default_state(),
        avatars=_path(values, "avatars"),
        when_blender_quits="finish" if _text(values, "when_blender_quits") == "FINISH" else "stop",
    )


def extension_version() -> str:
    """The extension's version, from its manifest."""
    manifest = Path(__file__).resolve().parents[1] / "blender_manifest.toml"
    return str(tomllib.loads(manifest.read_text("utf-8"))["version"])


def _text(values: Any, name: str) -> str:
    return str(getattr(values, name)).strip() if values is not None else ""


def _path(values: Any, name: str) -> Path | None:
    text = _text(values, name)
    return Path(bpy.path.abspath(text)).expanduser() if text else None
