"""`album2avatar inspect`: what an album is worth, before an avatar is made of it or after."""

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from album2avatar.album_choice import AlbumChoice
from album2avatar.album_report import AlbumReport, PhotoReport, funnel, load_album_report
from album2avatar.draft_report import DraftReport, load_draft_report
from album2avatar.fit_report import FitReport, PhotoFit, load_fit_report
from album2avatar.manifest import open_workspace
from album2avatar.presets import build_settings, parse_assignment
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

KeepOption = Annotated[
    list[str] | None,
    typer.Option("--keep", metavar="NAME", help="Use this photo whatever speaks against it."),
]
LeaveOutOption = Annotated[
    list[str] | None, typer.Option("--leave-out", metavar="NAME", help="Don't use this photo.")
]


def inspect(
    album: Annotated[
        Path, typer.Argument(help="Folder of photos and videos, a video, or an avatar's folder.")
    ],
    keep: KeepOption = None,
    leave_out: LeaveOutOption = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, as section.name=value.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say of each photo in ALBUM whether it is used, and why not.

    Of an avatar's folder, what was found when it was made, and how well the body lies on each
    photo, and how much of the draft the photos show.
    """
    workspace = Workspace(album)
    if workspace.manifest.exists():
        open_workspace(album)
        report, fit = load_album_report(workspace.album_report), _fit_of(workspace)
        draft = _draft_of(workspace)
    else:
        settings = build_settings([parse_assignment(text) for text in assignments or []])
        choice = AlbumChoice(album.resolve(), None, keep or (), leave_out or ())
        report, fit, draft = _look_through(choice, settings), None, None
    if as_json:
        print(report.model_dump_json(indent=2))
    else:
        print_report(report, fit, draft)


def print_report(report: AlbumReport, fit: FitReport | None, draft: DraftReport | None) -> None:
    """Print the photos, what speaks against them, how many get through each step, and how much
    of the draft they show."""
    console = Console()
    fits = {photo.photo: photo for photo in fit.photos} if fit is not None else {}
    table = Table(box=None, pad_edge=False)
    for title in ("photo", "used", *(("body",) if fits else ()), "why"):
        table.add_column(title)
    for photo in report.photos:
        body = fits.get(photo.id)
        row = [Text(photo.name), Text(_usage(photo))]
        if fits:
            row.append(Text(body.verdict if body is not None else ""))
        table.add_row(*row, Text(" ".join(_sentences(photo, body))))
    console.print(table)
    for note in report.notes:
        console.print(Text(note))
    steps = Table(box=None, pad_edge=False, show_header=False)
    steps.add_column(justify="right")
    for line in funnel(report.photos):
        steps.add_row(str(line.count), line.step)
    console.print(steps)
    if draft is not None:
        console.print(Text(draft.sentence))


def _look_through(choice: AlbumChoice, settings: Settings) -> AlbumReport:
    from album2avatar.album.inspection import inspect_album
    from album2avatar.album.items import wish_for
    from album2avatar.album.sight import load_sight
    from album2avatar.model_folders import find_model

    sight = load_sight(find_model(settings.segmentation.perception))
    with (
        tempfile.TemporaryDirectory(prefix="album2avatar-") as thumbnails,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        task = progress.add_task("photos")
        return inspect_album(
            choice.folder,
            None,
            settings.album,
            sight,
            Path(thumbnails),
            lambda report, done, total: progress.update(task, completed=done, total=total),
            threading.Event(),
            lambda item: wish_for(choice, item),
        )


def _fit_of(workspace: Workspace) -> FitReport | None:
    return load_fit_report(workspace.fit_report) if workspace.fit_report.exists() else None


def _draft_of(workspace: Workspace) -> DraftReport | None:
    path = workspace.draft_report
    return load_draft_report(path) if path.exists() else None


def _usage(photo: PhotoReport) -> str:
    if photo.choice:
        return f"{'yes' if photo.is_used else 'no'}, {photo.choice}"
    return "yes" if photo.is_used else "no"


def _sentences(photo: PhotoReport, body: PhotoFit | None) -> Sequence[str]:
    return (*photo.warnings, *(body.warnings if body is not None else ()))
