"""`album2avatar swap`: another garment on a finished avatar."""

from pathlib import Path
from typing import Annotated

import typer

from album2avatar.assets import AssetKind
from album2avatar.cancelling import cancelled_by_signals
from album2avatar.errors import SettingsError, WorkspaceError
from album2avatar.presets import build_settings, parse_assignment, read_settings_file
from album2avatar.progress_display import shown_progress
from album2avatar.wardrobe.library import Wardrobe, default_wardrobe_folder
from album2avatar.workspace import Workspace


def swap(
    avatar: Annotated[Path, typer.Argument(help="Folder of a finished avatar; never changed.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The variant's folder.")],
    entry: Annotated[
        str | None, typer.Option(help="Id of the wardrobe's entry to put on, or its beginning.")
    ] = None,
    kind: Annotated[AssetKind | None, typer.Option(help="Kind of the garment in --words.")] = None,
    words: Annotated[str, typer.Option(help="The garment in words: 'blue denim jacket'.")] = "",
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, as section.name=value.")
    ] = None,
    wardrobe: Annotated[
        Path | None, typer.Option(help="The wardrobe's folder; the user's own else.")
    ] = None,
) -> None:
    """Put a garment on the avatar in AVATAR, as a variant beside it; the same call resumes."""
    base = Workspace(avatar)
    if not base.manifest.exists():
        raise WorkspaceError(f"{avatar} holds no avatar. Make one first: album2avatar create.")
    library = Wardrobe((wardrobe or default_wardrobe_folder()).expanduser().absolute())
    if entry is not None:
        if kind is not None or words:
            raise SettingsError("Say either --entry, or --kind with --words.")
        found = library.get(entry)
        choice = {"kind": found.kind, "entry": found.id}
    elif kind is not None and words.strip():
        choice = {"kind": kind, "words": words}
    else:
        raise SettingsError("Say what to put on: --entry ID, or --kind KIND with --words TEXT.")
    differences = [read_settings_file(base.settings_file)]
    settings = build_settings([*differences, *map(parse_assignment, assignments or [])])

    from album2avatar.pipeline.making import swap_garment
    from album2avatar.wardrobe.garment import GarmentChoice

    cancelled = cancelled_by_signals()
    with shown_progress() as listener:
        variant = swap_garment(
            avatar,
            GarmentChoice.model_validate(choice),
            library,
            output,
            settings,
            listener,
            cancelled,
        )
    print(variant.glb)
