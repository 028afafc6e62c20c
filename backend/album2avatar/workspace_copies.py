"""Copies of a finished avatar's files, for a folder that shall outlive it."""

import shutil
from pathlib import Path

from album2avatar.errors import WorkspaceError
from album2avatar.files import atomic_path
from album2avatar.workspace import Workspace


def require_finished(avatar: Workspace) -> None:
    """See that everything that an avatar is used for later is there.

    Raises:
        WorkspaceError: it isn't.
    """
    for path in (avatar.rigged, avatar.painted, avatar.albedo, avatar.body):
        if not path.is_file():
            raise WorkspaceError(
                f"{avatar.root} holds no finished avatar ({path.name} is missing). Finish it "
                "first: album2avatar create with --resume."
            )


def copy_folder(source: Path, target: Path) -> None:
    """Copy every file of a folder, each one atomically. Raises as `copy_file`."""
    for path in sorted(source.rglob("*")):
        if path.is_file():
            copy_file(path, target / path.relative_to(source))


def copy_maps(avatar: Workspace, copy: Workspace) -> None:
    """Copy the maps beside the base colour; older avatars have none. Raises as `copy_file`."""
    for source, target in (
        (avatar.normal_map, copy.normal_map),
        (avatar.roughness_map, copy.roughness_map),
    ):
        if source.exists():
            copy_file(source, target)


def copy_file(source: Path, target: Path) -> None:
    """Copy a file atomically.

    Raises:
        WorkspaceError: it is missing, or the copy can't be written.
    """
    try:
        with atomic_path(target) as temporary:
            shutil.copyfile(source, temporary)
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"{source} is missing. Finish the avatar first: album2avatar create with --resume."
        ) from error
