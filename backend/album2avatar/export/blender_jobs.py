"""What Blender makes of the GLB: FBX, .blend and pictures, each in a process of its own."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from album2avatar.errors import ExportError
from album2avatar.export.blender_environment import find_blender_python, find_extension
from album2avatar.files import atomic_path
from album2avatar.settings.export import ExportSettings
from album2avatar.workspace import Workspace

TIME_LIMIT = 900
"""Seconds until Blender counts as hung; pictures take a tenth of it on two cores."""
_HEADLESS = Path(__file__).with_name("headless.py")


def export_fbx(workspace: Workspace) -> Path:
    """Write `export/avatar.fbx` and return its path.

    Raises:
        ExportError: there is no GLB, no Blender, or Blender failed.
        WorkspaceError: the file can't be written.
    """
    return _written(workspace, workspace.exports / "avatar.fbx", "fbx")


def export_blend(workspace: Workspace) -> Path:
    """Write `export/avatar.blend` and return its path. Raises as `export_fbx`."""
    return _written(workspace, workspace.exports / "avatar.blend", "blend")


def render_pictures(workspace: Workspace, settings: ExportSettings) -> tuple[Path, Path]:
    """Write `export/turntable.png` and `export/posed.png` and return their paths.

    The turntable shows front, three-quarter, side and back in one strip. The pose bends
    shoulders, elbows and a knee by 45°. Raises as `export_fbx`.
    """
    turntable, posed = workspace.exports / "turntable.png", workspace.exports / "posed.png"
    quality = ["--height", str(settings.picture_height), "--samples", str(settings.picture_samples)]
    return (
        _written(workspace, turntable, "turntable", quality),
        _written(workspace, posed, "posed", quality),
    )


def _written(workspace: Workspace, path: Path, job: str, options: Sequence[str] = ()) -> Path:
    """Let Blender write `path`; a failure leaves what was there before."""
    if not workspace.glb.is_file():
        raise ExportError(
            f"{workspace.glb} is missing. Run album2avatar create with --resume first; it ends "
            "with this file."
        )
    with atomic_path(path) as temporary:
        _run_blender([job, str(workspace.glb), str(temporary), *options])
        if temporary.stat().st_size == 0:
            raise ExportError(f"Blender ended without writing {path}. Run the same command again.")
    return path


def _run_blender(arguments: Sequence[str]) -> None:
    command = [
        str(find_blender_python()),
        str(_HEADLESS),
        "--extension",
        str(find_extension()),
        *arguments,
    ]
    try:
        finished = subprocess.run(
            command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ExportError(
            f"Blender did not finish within {TIME_LIMIT} seconds. Free some memory, or lower "
            "export.picture_height and export.picture_samples."
        ) from error
    except OSError as error:
        raise ExportError(
            f"{command[0]} can't be started ({error.strerror}). Run scripts/blender_env again."
        ) from error
    if finished.returncode != 0:
        lines = (finished.stderr.strip() or finished.stdout.strip() or "no message").splitlines()
        raise ExportError(
            f"Blender could not write the avatar ({lines[-1].strip()}). If bpy is missing, run "
            "scripts/blender_env; else make the avatar anew."
        )
