"""`album2avatar animate`: a video put on a finished avatar."""

from pathlib import Path
from typing import Annotated

import typer

from album2avatar.cancelling import cancelled_by_signals
from album2avatar.errors import WorkspaceError
from album2avatar.presets import build_settings, parse_assignment, read_settings_file
from album2avatar.progress_display import shown_progress
from album2avatar.workspace import Workspace


def animate(
    avatar: Annotated[Path, typer.Argument(help="Folder of a finished avatar; never changed.")],
    video: Annotated[Path, typer.Argument(help="Video of the same person; only read.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The clip's folder.")],
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="One setting, as clip.start=2.5."),
    ] = None,
) -> None:
    """Put VIDEO on the avatar in AVATAR: clean plate, soft masks, animation.

    The same call resumes; Ctrl-C leaves a folder that can be resumed.
    """
    base = Workspace(avatar)
    if not base.manifest.exists():
        raise WorkspaceError(f"{avatar} holds no avatar. Make one first: album2avatar create.")
    differences = [read_settings_file(base.settings_file)]
    settings = build_settings([*differences, *map(parse_assignment, assignments or [])])

    from album2avatar.pipeline.making import animate_avatar

    cancelled = cancelled_by_signals()
    with shown_progress() as listener:
        clip = animate_avatar(avatar, video, output, settings, listener, cancelled)
    print(clip.clip_glb)
