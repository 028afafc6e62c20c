"""What an artist may do to the list of assets: rename, merge, drop.

Masks count the assets of the table, so that a merge or a drop rewrites both. The new table and
masks are first written to a folder beside the old ones; renaming that folder is the moment at
which the edit is made. `finish_edit` then moves its files to their places, now or, after a
crash, before the next read.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from album2avatar.asset_table import load_asset_table, load_mask, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable
from album2avatar.errors import AlbumError
from album2avatar.files import flush_folder
from album2avatar.workspace import Workspace

Labels = NDArray[np.uint8]


def rename_asset(workspace: Workspace, kind: str, name: str) -> AssetTable:
    """Give an asset another class name of one to three words.

    Raises:
        AlbumError: there is no such asset, or the name isn't one to three words.
    """
    finish_edit(workspace)
    table = load_asset_table(workspace)
    place = _place(table, kind)
    words = name.split()
    plain = " ".join(words)
    if not 1 <= len(words) <= 3 or len(plain) > 60:
        raise AlbumError(
            f"'{name[:80]}' is no name for an asset. Use one to three words, such as denim jacket."
        )
    assets = list(table.assets)
    assets[place] = assets[place].model_copy(update={"name": plain})
    changed = table.model_copy(update={"assets": tuple(assets)})
    save_asset_table(workspace, changed)
    return changed


def merge_assets(workspace: Workspace, kind: str, into: str) -> AssetTable:
    """Give an asset's pixels to another asset, in every photo, and take it off the list.

    Raises:
        AlbumError: one of the two isn't there, or they are the same.
    """
    if kind == into:
        raise AlbumError(f"The asset {kind} can't be merged into itself. Choose another one.")
    finish_edit(workspace)
    table = load_asset_table(workspace)
    merged, target = _place(table, kind) + 1, _place(table, into) + 1
    return _remove(
        workspace, table, merged, lambda labels: np.where(labels == merged, target, labels)
    )


def drop_asset(workspace: Workspace, kind: str) -> AssetTable:
    """Take an asset off the list; each of its pixels goes to the nearest other asset.

    Raises:
        AlbumError: it isn't there, or it is the only one.
    """
    finish_edit(workspace)
    table = load_asset_table(workspace)
    dropped = _place(table, kind) + 1
    if len(table.assets) == 1:
        raise AlbumError(f"{kind} is the only asset. An avatar needs at least one.")
    return _remove(workspace, table, dropped, lambda labels: _filled_by_nearest(labels, dropped))


def finish_edit(workspace: Workspace) -> None:
    """Bring an edit that was made, but not yet in place, to its end. Safe to repeat."""
    made = _made(workspace)
    if not made.is_dir():
        return
    staged = Workspace(made)
    for mask in sorted(staged.mask("any").parent.glob("*.png")):
        mask.replace(workspace.mask(mask.stem))
    if staged.asset_table.exists():
        staged.asset_table.replace(workspace.asset_table)
    shutil.rmtree(made)


def _remove(
    workspace: Workspace, table: AssetTable, value: int, relabel: Callable[[Labels], Labels]
) -> AssetTable:
    """Take the asset of a mask value off the table, with every mask relabelled before."""
    assets: list[Asset] = [asset for i, asset in enumerate(table.assets) if i + 1 != value]
    changed = table.model_copy(update={"assets": tuple(assets)})
    staged = Workspace(workspace.asset_table.parent / ".edit")
    if staged.root.exists():
        shutil.rmtree(staged.root)
    for photo in table.photos:
        labels = relabel(load_mask(workspace, photo.photo)).astype(np.uint8)
        save_mask(staged, photo.photo, np.where(labels > value, labels - 1, labels))
    save_asset_table(staged, changed)
    staged.root.rename(_made(workspace))
    flush_folder(_made(workspace).parent)
    finish_edit(workspace)
    return changed


def _filled_by_nearest(labels: Labels, dropped: int) -> Labels:
    """Labels with the pixels of one asset given to the nearest other asset.

    A photo that shows no other asset is left without any.
    """
    others = (labels > 0) & (labels != dropped)
    if not others.any():
        return np.where(labels == dropped, 0, labels)
    nearest = ndimage.distance_transform_edt(~others, return_distances=False, return_indices=True)
    rows, columns = cast("NDArray[np.int32]", nearest)
    return np.where(labels == dropped, labels[rows, columns], labels)


def _place(table: AssetTable, kind: str) -> int:
    for place, asset in enumerate(table.assets):
        if asset.kind == kind:
            return place
    known = ", ".join(asset.kind for asset in table.assets)
    raise AlbumError(f"This avatar has no asset {kind}. It has {known}.")


def _made(workspace: Workspace) -> Path:
    return workspace.asset_table.parent / ".edit-made"
