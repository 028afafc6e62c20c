"""`assets.json` and the masks that belong to it, read back with every check."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

from PIL import Image
from pydantic import ValidationError

from album2avatar.assets import AssetKind, AssetTable
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.files import atomic_path, write_bytes
from album2avatar.labelled_album import LabelledAlbum, Labels
from album2avatar.png_files import read_png
from album2avatar.workspace import Workspace

KIND_ORDER: tuple[AssetKind, ...] = get_args(AssetKind)
"""Order of the assets in a table, and so of their mask values."""


def save_asset_table(workspace: Workspace, table: AssetTable) -> None:
    """Write the table atomically, readable for an artist."""
    text = table.model_dump_json(indent=2, round_trip=True)
    write_bytes(workspace.asset_table, (text + "\n").encode())


def load_asset_table(workspace: Workspace) -> AssetTable:
    """Read the table, which an artist may have edited, and hold it against the masks.

    Raises:
        WorkspaceError: there is no table, or a mask is missing.
        AlbumError: an edit broke it; the message names the field.
    """
    return load_labelled_album(workspace).table


def load_labelled_album(workspace: Workspace) -> LabelledAlbum:
    """Read the table with all masks. Errors as `load_asset_table`."""
    path = workspace.asset_table
    try:
        table = AssetTable.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise WorkspaceError(f"{path} is missing. Run the segmentation stage first.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AlbumError(f"{path}: {field} is wrong ({first['msg']}). {_CORRECT_IT}") from error
    except (OSError, ValueError) as error:
        raise AlbumError(f"{path} can't be read ({error}). {_CORRECT_IT}") from error
    _check_assets(path, table)
    labels = {photo.photo: load_mask(workspace, photo.photo) for photo in table.photos}
    _check_masks(workspace, table, labels)
    return LabelledAlbum(table, labels)


def load_mask(workspace: Workspace, photo: str) -> Labels:
    """Read the mask of one photo: (H, W) uint8, 0 background, i + 1 the i-th asset.

    Raises:
        WorkspaceError: it is missing or no picture.
    """
    remedy = (
        f"Delete {workspace.asset_table} and run the command again; the photos are then segmented "
        "anew."
    )
    return read_png(workspace.mask(photo), "L", remedy)


def save_mask(workspace: Workspace, photo: str, mask: Labels) -> None:
    """Write the mask of one photo, (H, W) uint8."""
    with atomic_path(workspace.mask(photo)) as temporary:
        Image.fromarray(mask).save(temporary)


_CORRECT_IT = "Correct it, or delete it to have the photos segmented anew."


def _check_assets(path: Path, table: AssetTable) -> None:
    places = [KIND_ORDER.index(asset.kind) for asset in table.assets]
    if not table.assets or places != sorted(set(places)):
        raise AlbumError(
            f"{path}: assets must keep their kinds and their order, in which the masks' values "
            f"count them. {_CORRECT_IT}"
        )
    tokens = [asset.token for asset in table.assets if asset.token]
    if len(set(tokens)) < len(tokens):
        raise AlbumError(f"{path}: two assets have the same token. Give each its own.")


def _check_masks(workspace: Workspace, table: AssetTable, labels: Mapping[str, Labels]) -> None:
    for photo, mask in labels.items():
        highest = int(mask.max(initial=0))
        if highest > len(table.assets):
            raise AlbumError(
                f"{workspace.asset_table} lists {len(table.assets)} assets, but "
                f"{workspace.mask(photo)} uses value {highest}. Put the removed asset back; "
                "to leave a kind out, name it in the setting segmentation.leave_out."
            )
