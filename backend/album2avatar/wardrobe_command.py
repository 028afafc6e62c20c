"""`album2avatar wardrobe`: the library of learned tokens on the command line."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from album2avatar.assets import AssetKind
from album2avatar.wardrobe.entry import WardrobeEntry
from album2avatar.wardrobe.library import WARDROBE_VARIABLE, Wardrobe, default_wardrobe_folder
from album2avatar.workspace import Workspace

app = typer.Typer(
    help="Keep what was learned of clothes, hair and faces, to put it on other avatars.",
    no_args_is_help=True,
)

EntryArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of an entry, or the beginning of one.")
]
WardrobeOption = Annotated[
    Path | None,
    typer.Option(
        "--wardrobe", metavar="FOLDER", help=f"The wardrobe's folder; else {WARDROBE_VARIABLE}."
    ),
]


@app.command("list")
def list_entries(
    kind: Annotated[AssetKind | None, typer.Option(help="Only entries of this kind.")] = None,
    deleted: Annotated[bool, typer.Option("--deleted", help="What `restore` can bring.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    folder: WardrobeOption = None,
) -> None:
    """List the entries, newest first."""
    wardrobe = _wardrobe(folder)
    entries = wardrobe.deleted() if deleted else wardrobe.entries()
    chosen = [entry for entry in entries if kind is None or entry.kind == kind]
    if as_json:
        print(json.dumps([entry.model_dump(mode="json") for entry in chosen], indent=2))
    elif chosen:
        _print_entries(chosen)
    else:
        print(f"Nothing is in {wardrobe.folder}.")
    for damaged in wardrobe.damaged():
        print(f"album2avatar: {damaged.reason}", file=sys.stderr)


@app.command()
def add(
    avatar: Annotated[Path, typer.Argument(help="Folder of a finished avatar.")],
    title: Annotated[
        str | None, typer.Option(help="What the avatar is called; its folder's name else.")
    ] = None,
    folder: WardrobeOption = None,
) -> None:
    """Add every piece that the avatar in AVATAR has learned; what is there already stays."""
    source = title or avatar.absolute().name
    _print_entries(_wardrobe(folder).add(Workspace(avatar), source))


@app.command()
def show(entry: EntryArgument, folder: WardrobeOption = None) -> None:
    """Show an entry, after checking all its files."""
    wardrobe = _wardrobe(folder)
    found = wardrobe.verify(entry)
    table = Table(box=None, pad_edge=False, show_header=False)
    shown = {
        "id": found.id,
        "name": found.name,
        "kind": found.kind,
        "words": f"{found.token} {found.words}",
        "learned of": f"{found.source} ({found.subject})",
        "base model": f"{found.prior} ({found.prior_hash[:12]})",
        "shape": f"on the body {found.body}" if found.body else "none",
        "added": _minute(found),
        "folder": str(wardrobe.folder_of(found.id)),
        "files": f"{len(found.files)}, all intact",
    }
    for label, value in shown.items():
        table.add_row(label, Text(value))
    table.add_row("colour", _swatch(found))
    Console().print(table)


@app.command()
def rename(
    entry: EntryArgument,
    name: Annotated[str, typer.Argument(help="1 to 60 letters.")],
    folder: WardrobeOption = None,
) -> None:
    """Give an entry another name."""
    _print_entries([_wardrobe(folder).rename(entry, name)])


@app.command()
def export(
    entry: EntryArgument,
    file: Annotated[Path, typer.Argument(help="File to write, ending in .a2atoken.")],
    folder: WardrobeOption = None,
) -> None:
    """Write an entry as one file, for another computer or another person."""
    _wardrobe(folder).export(entry, file)
    print(file)


@app.command("import")
def import_entry(
    file: Annotated[Path, typer.Argument(help="File that `export` wrote.")],
    folder: WardrobeOption = None,
) -> None:
    """Check a file and add its entry."""
    _print_entries([_wardrobe(folder).import_file(file)])


@app.command()
def delete(entry: EntryArgument, folder: WardrobeOption = None) -> None:
    """Take an entry out; `restore` brings it back."""
    wardrobe = _wardrobe(folder)
    deleted = wardrobe.folder_of(entry).name
    wardrobe.delete(deleted)
    print(f"{deleted} is deleted. To bring it back: album2avatar wardrobe restore {deleted}")


@app.command()
def restore(entry: EntryArgument, folder: WardrobeOption = None) -> None:
    """Bring a deleted entry back."""
    _print_entries([_wardrobe(folder).restore(entry)])


def _wardrobe(folder: Path | None) -> Wardrobe:
    return Wardrobe(folder.expanduser().absolute() if folder else default_wardrobe_folder())


def _print_entries(entries: Sequence[WardrobeEntry]) -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("id", no_wrap=True)
    for heading in ("kind", "name", "colour", "learned of", "base model", "added"):
        table.add_column(heading)
    for entry in entries:
        # As Text: a name in brackets is a name, not rich's markup.
        table.add_row(
            entry.id,
            entry.kind,
            Text(entry.name),
            _swatch(entry),
            Text(entry.source),
            Text(entry.prior),
            _minute(entry),
        )
    Console().print(table)


def _swatch(entry: WardrobeEntry) -> Text:
    if entry.color is None:
        return Text("-")
    code = "#{:02x}{:02x}{:02x}".format(*entry.color)
    return Text.assemble(("  ", f"on {code}"), f" {code}")


def _minute(entry: WardrobeEntry) -> str:
    return f"{entry.created_at[:16].replace('T', ' ')} UTC"
