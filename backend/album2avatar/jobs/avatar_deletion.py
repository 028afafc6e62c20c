"""Deleting the folder of an avatar or a clip, and nothing else."""

import contextlib
import shutil

from album2avatar.errors import WorkspaceError
from album2avatar.manifest import locked
from album2avatar.workspace import Workspace


def delete_avatar(workspace: Workspace) -> None:
    """Delete what album2avatar wrote into the folder of an avatar or a clip; other files stay.

    So does `export/avatar.blend`: an artist may have worked on in it. The manifest goes last, so
    that a deletion which was cut off can be repeated.

    Raises:
        WorkspaceError: the folder is no avatar's, or another process works in it.
    """
    root = workspace.root
    if not root.exists():
        return
    if not workspace.manifest.is_file() or root.is_symlink():
        raise WorkspaceError(f"{root} is no folder of album2avatar, so it is not deleted.")
    folders = {
        workspace.album,
        workspace.asset_table.parent,
        workspace.personalization,
        workspace.body.parent,
        workspace.draft.exports,
        workspace.sculpt.parent,
        workspace.distilled.parent,
        workspace.painted.parent,
        workspace.rigged.parent,
        workspace.checkpoint("any").parent,
        workspace.preview("any", 0).parent,
        workspace.base.root,
        workspace.garment,
        workspace.frames_index.parent,
        workspace.clip_poses.parent,
        workspace.clip_masks,
    }
    clip = (
        workspace.clip_glb,
        workspace.clip_plate,
        workspace.clip_plate_unseen,
        workspace.clip_preview,
        workspace.clip_report,
        workspace.clip_file,
    )
    with locked(workspace):
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
        for name in ("avatar.glb", "avatar.fbx", "turntable.png", "posed.png"):
            (workspace.exports / name).unlink(missing_ok=True)
        own = (workspace.settings_file, workspace.job_file, workspace.swap_file, workspace.log)
        for file in (*own, *clip):
            file.unlink(missing_ok=True)
    workspace.lock.unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # somebody's files are in it, or it isn't there
        workspace.exports.rmdir()
    workspace.manifest.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        root.rmdir()
