"""The record of what a workspace holds: which stage is done, with which inputs."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from album2avatar import __version__
from album2avatar.errors import WorkspaceError
from album2avatar.files import write_bytes
from album2avatar.workspace import Workspace

FORMAT = 1


class StageRecord(BaseModel):
    """How a stage was last finished."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fingerprint: str
    """Hash of the stage's inputs, of the settings that it reads and of its version."""
    seconds: float
    """Wall time, summed over interrupted runs."""
    peak_mebibytes: float
    """Peak resident memory of the process when the stage ended."""


class Manifest(BaseModel):
    """`workspace.json`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = FORMAT
    version: str = __version__
    done: dict[str, StageRecord] = Field(default_factory=dict[str, StageRecord])
    begun: dict[str, str] = Field(default_factory=dict[str, str])
    """Fingerprint of a stage that was begun and not finished."""
    spent: dict[str, float] = Field(default_factory=dict[str, float])
    """Seconds that interrupted runs of an unfinished stage took."""


def open_workspace(root: Path) -> Manifest:
    """Read a workspace's manifest; make the workspace where the folder is new or empty.

    Raises:
        WorkspaceError: the folder holds something else, or is of another version.
    """
    workspace = Workspace(root)
    if not workspace.manifest.exists():
        if root.exists() and not root.is_dir():
            raise WorkspaceError(f"{root} is a file. Choose a folder for the avatar.")
        # A kill in the middle of the first write leaves its temporary file.
        ours = (".lock", ".tmp-")
        if root.exists() and not all(path.name.startswith(ours) for path in root.iterdir()):
            raise WorkspaceError(
                f"{root} holds files that are no avatar of album2avatar. Choose an empty folder."
            )
        manifest = Manifest()
        save_manifest(workspace, manifest)
        return manifest
    text = workspace.manifest.read_text(encoding="utf-8")
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        raise WorkspaceError(
            f"{workspace.manifest} is damaged or was written by another version of album2avatar "
            f"than {__version__} (format {FORMAT}). Choose a new folder, or open this one with the "
            "version that made it."
        ) from error


def save_manifest(workspace: Workspace, manifest: Manifest) -> None:
    """Write `workspace.json` atomically."""
    text = manifest.model_dump_json(indent=2) + "\n"
    write_bytes(workspace.manifest, text.encode())


@contextmanager
def locked(workspace: Workspace) -> Generator[None]:
    """Hold the workspace for this process; the lock goes with the process, however it ends.

    Raises:
        WorkspaceError: another process works in this folder, or it can't be written.
    """
    lock = FileLock(workspace.lock)
    try:
        workspace.root.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise WorkspaceError(
            f"Another process works in {workspace.root}. Wait for it, or cancel it first."
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"{workspace.root} can't be written ({error.strerror}). Choose another output folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def hash_files(paths: list[Path]) -> str:
    """SHA-256 over names and contents.

    Folders are walked; a file that is missing or can't be read counts as such, so that the
    stage itself gets to say what is wrong with it.
    """
    digest = hashlib.sha256()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_dir():
                continue
            digest.update(f"{file.relative_to(path.parent)}\0".encode())
            try:
                with file.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
            except OSError as error:
                digest.update(type(error).__name__.encode())
    return digest.hexdigest()
