"""`album2avatar models`: what is here, what a model needs, and downloading it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from album2avatar.errors import SettingsError
from album2avatar.presets import build_settings, load_preset, parse_assignment

if TYPE_CHECKING:
    from album2avatar.model_sources.needs import ModelNeed

app = typer.Typer(
    help="See which diffusion and perception models are here, and download others.",
    no_args_is_help=True,
)

SourceArgument = Annotated[
    str, typer.Argument(metavar="SOURCE", help="A name, a folder, or OWNER/NAME on the hub.")
]


@app.command("list")
def list_models() -> None:
    """List the models of the models folders and of the hub's cache."""
    from album2avatar.hub import Hub
    from album2avatar.model_sources.inventory import local_models

    table = _table("name", "class", "size", "folder")
    for model in local_models(Hub()):
        table.add_row(
            *map(Text, (model.name, model.class_name, _size(model.size), str(model.folder)))
        )
    Console().print(table)


@app.command()
def needed(
    source: Annotated[
        str | None,
        typer.Argument(metavar="SOURCE", help="A name, a folder, or OWNER/NAME on the hub."),
    ] = None,
    preset: Annotated[str | None, typer.Option(help="All models of this preset instead.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, as section.name=value.")
    ] = None,
) -> None:
    """Tell which files a model needs, their size and its licence; downloads nothing."""
    if (source is None) == (preset is None):
        raise SettingsError("Say what to look at: either SOURCE or --preset NAME.")

    from album2avatar.hub import Hub
    from album2avatar.model_sources.needs import models_of, need_of

    if source is not None:
        _print_need("", need_of(source, Hub()))
        return
    assert preset is not None
    differences = [load_preset(preset), *map(parse_assignment, assignments or [])]
    settings = build_settings(differences)
    for setting, name in models_of(settings).items():
        _print_need(setting, need_of(name, Hub()))
    if settings.segmentation.provider == "grounded_sam":
        from album2avatar.segmentation.grounded_sam.models import find_sam

        sam = find_sam(settings.segmentation.grounded_sam)
        print(f"segmentation.grounded_sam.sam: {_size(sam.stat().st_size)}, here: {sam}")


@app.command()
def get(source: SourceArgument) -> None:
    """Download what a model of the hub needs into the hub's cache; prints its folder."""
    from album2avatar.hub import Hub
    from album2avatar.model_sources.needs import get_model, need_of

    hub = Hub()
    need = need_of(source, hub)
    if need.folder is None:
        print(
            f"Downloading {len(need.files)} files, {_size(need.size)}. Licence: "
            f"{need.license or 'not told'}; read it at {need.page}",
            file=sys.stderr,
        )
    print(get_model(source, hub))


def _print_need(setting: str, need: ModelNeed) -> None:
    console = Console(soft_wrap=True, highlight=False, markup=False)
    named = f"{setting} = {need.source}" if setting else need.source
    console.print(f"{named}: {need.class_name}" if need.class_name else named)
    table = _table("file", "size")
    for file in need.files:
        table.add_row(Text(file.name), _size(file.size))
    table.add_row(f"{len(need.files)} files", _size(need.size))
    console.print(table)
    if need.folder is None:
        console.print(f"Licence: {need.license or 'not told'}; read it at {need.page}")
        if need.is_gated:
            console.print(
                "The licence has to be accepted on that page before anything can be downloaded."
            )
        console.print(f"Not here yet. Download it with: album2avatar models get {need.source}")
    else:
        if need.page:
            console.print(f"Licence: read it at {need.page}")
        console.print(f"Here, nothing to download: {need.folder}")


def _table(*headings: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading, justify="right" if heading == "size" else "left")
    return table


def _size(count: int) -> str:
    """Bytes for people."""
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
