"""The command line of album2avatar; longer commands are in modules of their own."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

# Two OpenMP threads that spin while they wait starve each other on shared cores. The
# runtime reads this when torch is imported, so it has to be said before.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import typer

from album2avatar import __version__
from album2avatar.animate_command import animate
from album2avatar.cancelling import cancelled_by_signals
from album2avatar.errors import Album2AvatarError, SettingsError, WorkspaceError
from album2avatar.evaluate_command import evaluate
from album2avatar.inspect_command import KeepOption, LeaveOutOption, inspect
from album2avatar.manifest import open_workspace
from album2avatar.models_command import app as models_app
from album2avatar.presets import build_settings, load_preset, parse_assignment, read_settings_file
from album2avatar.progress_display import shown_progress
from album2avatar.settings import Settings
from album2avatar.swap_command import swap
from album2avatar.wardrobe_command import app as wardrobe_app
from album2avatar.workspace import Workspace

app = typer.Typer(
    name="album2avatar",
    help="Turn a photo album of one person into a rigged, textured avatar.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(wardrobe_app, name="wardrobe")
app.add_typer(models_app, name="models")

app.command("inspect")(inspect)
app.command("swap")(swap)
app.command("animate")(animate)
app.command("evaluate")(evaluate)

DEFAULT_PRESET = "demo"

AlbumArgument = Annotated[
    Path | None, typer.Argument(help="Folder with photos and videos, or a video; never changed.")
]
PromptOption = Annotated[
    str,
    typer.Option(help="Describes the person where there is no album; adds to it where there is."),
]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="The avatar's folder.")]
PresetOption = Annotated[
    str | None, typer.Option(help=f"Preset of settings; {DEFAULT_PRESET} where none is named.")
]
SettingsOption = Annotated[
    Path | None, typer.Option("--settings", help="JSON file of differences from the preset.")
]
AssignmentsOption = Annotated[
    list[str] | None, typer.Option("--set", help="One setting, as section.name=value.")
]
ResumeOption = Annotated[
    bool,
    typer.Option("--resume", help="Go on in an avatar's folder, with its own settings."),
]
WorkspaceArgument = Annotated[Path, typer.Argument(help="The avatar's folder.")]


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Turn a photo album of one person into a rigged, textured avatar."""
    if version:
        print(__version__)
        raise typer.Exit


@app.command()
def create(
    output: OutputOption,
    album: AlbumArgument = None,
    prompt: PromptOption = "",
    preset: PresetOption = None,
    settings_file: SettingsOption = None,
    assignments: AssignmentsOption = None,
    keep: KeepOption = None,
    leave_out: LeaveOutOption = None,
    resume: ResumeOption = False,
) -> None:
    """Make an avatar of the person in ALBUM, or of the one whom --prompt describes.

    Photos that something speaks against are left out, as `album2avatar inspect` shows.

    Ctrl-C leaves a folder that can be resumed.
    """
    if album is None and not prompt.strip():
        raise SettingsError("Name the album's folder, or describe a person with --prompt.")
    workspace = Workspace(output)
    has_avatar = workspace.manifest.exists() and bool(open_workspace(output).done)
    if has_avatar and not resume:
        raise WorkspaceError(
            f"{output} holds an avatar already. Add --resume to go on with it, or choose "
            "another folder."
        )
    settings = _choose_settings(
        workspace if has_avatar else None, preset, settings_file, assignments or []
    )
    if album is not None and prompt:
        settings = build_settings([settings.model_dump(), {"prompt_addition": prompt}])

    from album2avatar.pipeline.making import create_avatar, create_from_prompt

    cancelled = cancelled_by_signals()
    with shown_progress() as listener:
        if album is None:
            create_from_prompt(prompt, output, settings, listener, cancelled)
        else:
            create_avatar(
                album,
                output,
                settings,
                listener,
                cancelled,
                keep=keep or (),
                leave_out=leave_out or (),
            )
    print(workspace.glb)


@app.command()
def export(
    folder: WorkspaceArgument,
    glb: Annotated[bool, typer.Option("--glb", help="Binary glTF.")] = False,
    fbx: Annotated[bool, typer.Option("--fbx", help="FBX, by Blender.")] = False,
    blend: Annotated[bool, typer.Option("--blend", help="Blender file.")] = False,
    pictures: Annotated[bool, typer.Option("--pictures", help="Turntable and pose.")] = False,
    lods: Annotated[bool, typer.Option("--lods", help="Binary glTF with fewer faces.")] = False,
) -> None:
    """Write the avatar in FOLDER as files for other programs."""
    if not (glb or fbx or blend or pictures or lods):
        raise SettingsError("Say what to export: --glb, --lods, --fbx, --blend or --pictures.")
    workspace = Workspace(folder)
    if not workspace.manifest.exists():
        raise WorkspaceError(f"{folder} holds no avatar. Make one first: album2avatar create.")
    open_workspace(folder)
    settings = build_settings([read_settings_file(workspace.settings_file)])

    from album2avatar.export.blender_jobs import export_blend, export_fbx, render_pictures
    from album2avatar.export.levels import write_lods
    from album2avatar.export.stage import write_glb

    if glb:
        write_glb(workspace, settings)
        print(workspace.glb)
    if lods:
        for path in write_lods(workspace, settings):
            print(path)
    if fbx:
        print(export_fbx(workspace))
    if blend:
        print(export_blend(workspace))
    if pictures:
        for picture in render_pictures(workspace, settings.export):
            print(picture)


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what is installed, which device and models are found, and what to do."""
    from album2avatar.doctor import examine, print_findings

    findings = examine()
    if as_json:
        print(json.dumps([finding.model_dump() for finding in findings], indent=2))
    else:
        print_findings(findings)
    if any(finding.state == "broken" for finding in findings):
        raise typer.Exit(1)


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    state: Annotated[Path | None, typer.Option(help="The service's own folder.")] = None,
    parent_pid: Annotated[int | None, typer.Option(help="Process that the service is for.")] = None,
    when_parent_ends: Annotated[
        Literal["stop", "finish"], typer.Option(help="End at once, or after the jobs.")
    ] = "stop",
    database: Annotated[
        str, typer.Option(help="URL of the ledger's database; a SQLite file where none is named.")
    ] = "",
) -> None:
    """Run the service that Blender's sidebar talks to; says where it listens as a line of JSON."""
    from album2avatar.jobs.state_folder import StateFolder, default_state_folder
    from album2avatar.server.serving import ServeOptions, run_service

    folder = (state or default_state_folder()).expanduser().absolute()
    options = ServeOptions(StateFolder(folder), port, parent_pid, when_parent_ends, database)
    run_service(options)


def main() -> None:
    """Run the command line; every expected error is one line and an exit code."""
    try:
        app()
    except Album2AvatarError as error:
        print(f"album2avatar: {error}", file=sys.stderr)
        sys.exit(error.exit_code)


def _choose_settings(
    existing: Workspace | None,
    preset: str | None,
    settings_file: Path | None,
    assignments: list[str],
) -> Settings:
    """Later sources win: own settings of the folder or preset, then the file, then --set."""
    if existing is not None and preset is None:
        differences: list[dict[str, Any]] = [read_settings_file(existing.settings_file)]
    else:
        differences = [load_preset(preset or DEFAULT_PRESET)]
    if settings_file is not None:
        differences.append(read_settings_file(settings_file))
    differences += [parse_assignment(text) for text in assignments]
    return build_settings(differences)


if __name__ == "__main__":
    main()
