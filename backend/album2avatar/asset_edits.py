"""An artist's edits of the assets, on disk: each whole or not at all, and none forgotten.

The changed files are first written to a folder beside the old ones; renaming that folder is
the moment at which the edit is made. `finish_edit` then moves its files to their places, now or,
after a crash, before the next read.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import ValidationError

from album2avatar.asset_table import load_labelled_album, save_asset_table, save_mask
from album2avatar.assets import AssetTable
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.files import atomic_path, flush_folder
from album2avatar.json_models import write_model
from album2avatar.labelled_album import (
    Drop,
    Edit,
    EditList,
    LabelledAlbum,
    Labels,
    Merge,
    Paint,
    Rename,
    apply_edit,
    place_of,
    replay,
    stroke_between,
)
from album2avatar.png_files import read_png
from album2avatar.workspace import Workspace


def rename_asset(workspace: Workspace, kind: str, name: str) -> AssetTable:
    """Give an asset another class name of one to three words.

    Raises:
        AlbumError: there is no such asset, or the name isn't one to three words.
    """
    return _edit(workspace, Rename(kind=kind, name=name))


def merge_assets(workspace: Workspace, kind: str, into: str) -> AssetTable:
    """Give an asset's pixels to another asset, in every photo, and take it off the list.

    Raises:
        AlbumError: one of the two isn't there, or they are the same.
    """
    return _edit(workspace, Merge(kind=kind, into=into))


def drop_asset(workspace: Workspace, kind: str) -> AssetTable:
    """Take an asset off the list; each of its pixels goes to the nearest other asset.

    Raises:
        AlbumError: it isn't there, or it is the only one.
    """
    return _edit(workspace, Drop(kind=kind))


def paint_asset(workspace: Workspace, kind: str, photo: str, mask: NDArray[np.bool_]) -> AssetTable:
    """Say where a photo shows an asset.

    Pixels that are new to it are taken from whatever had them; pixels that it loses are
    background.

    Args:
        mask: (H, W) of the photo's size.

    Raises:
        AlbumError: there is no such asset or photo, the mask has another size, or no photo
            would show the asset any more.
    """
    finish_edit(workspace)
    album = load_labelled_album(workspace)
    value = place_of(album.table, kind) + 1
    before = album.labels.get(photo)
    if before is None:
        raise AlbumError(f"This avatar's album has no photo {photo[:80]}.")
    if mask.shape != before.shape:
        raise AlbumError(
            f"The mask has {mask.shape[1]} x {mask.shape[0]} pixels, the photo {photo} has "
            f"{before.shape[1]} x {before.shape[0]}. Open the mask again, and keep its size."
        )
    stroke = stroke_between(before, mask, value)
    if not stroke.any():
        return album.table
    name = f"{len(load_edits(workspace)):04}"
    paint = Paint(kind=kind, photo=photo, stroke=name)
    return _make(workspace, album, paint, {name: stroke})


def finish_edit(workspace: Workspace) -> None:
    """Bring an edit that was made, but not yet in place, to its end. Safe to repeat."""
    made = _made(workspace)
    if not made.is_dir():
        return
    staged = Workspace(made)
    for mask in sorted(staged.mask("any").parent.glob("*.png")):
        mask.replace(workspace.mask(mask.stem))
    for stroke in sorted(staged.stroke("any").parent.glob("*.png")):
        workspace.stroke(stroke.stem).parent.mkdir(exist_ok=True)
        stroke.replace(workspace.stroke(stroke.stem))
    for of_edit, own in (
        (staged.asset_edits, workspace.asset_edits),
        (staged.asset_table, workspace.asset_table),
    ):
        if of_edit.exists():
            of_edit.replace(own)
    shutil.rmtree(made)


def load_edits(workspace: Workspace) -> tuple[Edit, ...]:
    """What the artist did to the assets so far, the first edit first.

    Raises:
        WorkspaceError: the list is damaged.
    """
    path = workspace.asset_edits
    try:
        return EditList.model_validate(json.loads(path.read_text(encoding="utf-8"))).edits
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise WorkspaceError(
            f"{path} is damaged ({reason}). Delete it to have the photos segmented without your "
            "former edits of the assets."
        ) from error


def replay_edits(
    workspace: Workspace, album: LabelledAlbum
) -> tuple[LabelledAlbum, tuple[Edit, ...]]:
    """Do the artist's edits again on assets that were found anew.

    Returns:
        The edited album, and the edits for which it has nothing any more.

    Raises:
        WorkspaceError: the list of edits, or what was painted, is damaged.
    """
    edits = load_edits(workspace)
    names = {edit.stroke for edit in edits if isinstance(edit, Paint)}
    return replay(album, edits, {name: _load_stroke(workspace, name) for name in names})


def _edit(workspace: Workspace, edit: Edit) -> AssetTable:
    finish_edit(workspace)
    return _make(workspace, load_labelled_album(workspace), edit, {})


def _make(
    workspace: Workspace, album: LabelledAlbum, edit: Edit, strokes: Mapping[str, Labels]
) -> AssetTable:
    changed = apply_edit(album, edit, strokes)
    staged = Workspace(workspace.asset_table.parent / ".edit")
    if staged.root.exists():
        shutil.rmtree(staged.root)
    for photo, mask in changed.labels.items():
        if not np.array_equal(mask, album.labels[photo]):
            save_mask(staged, photo, mask)
    for name, stroke in strokes.items():
        with atomic_path(staged.stroke(name)) as temporary:
            Image.fromarray(stroke).save(temporary)
    made = EditList(edits=(*load_edits(workspace), edit))
    write_model(staged.asset_edits, made)
    save_asset_table(staged, changed.table)
    staged.root.rename(_made(workspace))
    flush_folder(_made(workspace).parent)
    finish_edit(workspace)
    return changed.table


def _load_stroke(workspace: Workspace, name: str) -> Labels:
    remedy = (
        f"Delete {workspace.asset_edits} to have the photos segmented without your former edits of "
        "the assets."
    )
    return read_png(workspace.stroke(name), "L", remedy)


def _made(workspace: Workspace) -> Path:
    return workspace.asset_table.parent / ".edit-made"
