"""An album's assets with the pixels of each, and what an artist may do to them.

Masks count the assets of the table, so that most edits change both. Each edit is a pure
function of the two; all are kept in a list, so that a segmentation that runs anew ends where the
artist left it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage

from album2avatar.assets import Asset, AssetTable
from album2avatar.errors import AlbumError

Labels = NDArray[np.uint8]

UNCHANGED, ADDED, ERASED = 0, 1, 2
"""Values of a stroke's pixels."""


@dataclass(frozen=True)
class LabelledAlbum:
    """The table and the masks that it counts."""

    table: AssetTable
    labels: Mapping[str, Labels]
    """Photo id to (H, W): 0 background, i + 1 the i-th asset."""


class _Edit(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rename(_Edit):
    """Give an asset another class name."""

    edit: Literal["rename"] = "rename"
    kind: str
    name: str


class Merge(_Edit):
    """Give an asset's pixels to another asset, in every photo, and take it off the list."""

    edit: Literal["merge"] = "merge"
    kind: str
    into: str


class Drop(_Edit):
    """Take an asset off the list; each of its pixels goes to the nearest other asset."""

    edit: Literal["drop"] = "drop"
    kind: str


class Paint(_Edit):
    """Give an asset pixels of a photo, and take others away from it."""

    edit: Literal["paint"] = "paint"
    kind: str
    photo: str
    stroke: str = Field(pattern=r"^[0-9]{4,9}$")
    """Name of the picture that says which."""


Edit = Annotated[Rename | Merge | Drop | Paint, Field(discriminator="edit")]


class EditList(BaseModel):
    """`segmentation/edits.json`: what the artist did, the first edit first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    edits: tuple[Edit, ...] = ()


def apply_edit(album: LabelledAlbum, edit: Edit, strokes: Mapping[str, Labels]) -> LabelledAlbum:
    """The album as it is after an edit.

    Args:
        strokes: name to (H, W) of UNCHANGED, ADDED and ERASED, of every `Paint`.

    Raises:
        AlbumError: the album has nothing to which it could be done, or it makes no sense.
    """
    match edit:
        case Rename():
            return _renamed(album, edit)
        case Merge():
            return _merged(album, edit)
        case Drop():
            return _dropped(album, edit)
        case Paint():
            return _painted(album, edit, strokes)


def replay(
    album: LabelledAlbum, edits: Sequence[Edit], strokes: Mapping[str, Labels]
) -> tuple[LabelledAlbum, tuple[Edit, ...]]:
    """Do all edits again on what was found anew.

    Returns:
        The edited album, and the edits for which it has nothing any more.
    """
    lost: list[Edit] = []
    for edit in edits:
        try:
            album = apply_edit(album, edit, strokes)
        except AlbumError:
            lost.append(edit)
    return album, tuple(lost)


def stroke_between(before: Labels, after: NDArray[np.bool_], value: int) -> Labels:
    """What was painted: ADDED where a mask was extended, ERASED where it was cut back.

    Args:
        before: (H, W) label map.
        after: (H, W) where the asset of `value` shall be.
    """
    was = before == value
    return np.where(after & ~was, ADDED, np.where(was & ~after, ERASED, UNCHANGED)).astype(np.uint8)


def place_of(table: AssetTable, kind: str) -> int:
    """Index of an asset in the table; its mask value is one more.

    Raises:
        AlbumError: there is no such asset.
    """
    for place, asset in enumerate(table.assets):
        if asset.kind == kind:
            return place
    known = ", ".join(asset.kind for asset in table.assets)
    raise AlbumError(f"This avatar has no asset {kind}. It has {known}.")


def _renamed(album: LabelledAlbum, edit: Rename) -> LabelledAlbum:
    place = place_of(album.table, edit.kind)
    words = edit.name.split()
    plain = " ".join(words)
    if not 1 <= len(words) <= 3 or len(plain) > 60:
        raise AlbumError(
            f"'{edit.name[:80]}' is no name for an asset. Use one to three words, such as denim "
            "jacket."
        )
    assets = list(album.table.assets)
    assets[place] = assets[place].model_copy(update={"name": plain})
    return LabelledAlbum(_with_assets(album.table, assets), album.labels)


def _merged(album: LabelledAlbum, edit: Merge) -> LabelledAlbum:
    if edit.kind == edit.into:
        raise AlbumError(f"The asset {edit.kind} can't be merged into itself. Choose another one.")
    merged, target = (place_of(album.table, kind) + 1 for kind in (edit.kind, edit.into))
    return _without(album, merged, lambda labels: np.where(labels == merged, target, labels))


def _dropped(album: LabelledAlbum, edit: Drop) -> LabelledAlbum:
    dropped = place_of(album.table, edit.kind) + 1
    if len(album.table.assets) == 1:
        raise AlbumError(f"{edit.kind} is the only asset. An avatar needs at least one.")
    return _without(album, dropped, lambda labels: _filled_by_nearest(labels, dropped))


def _painted(album: LabelledAlbum, edit: Paint, strokes: Mapping[str, Labels]) -> LabelledAlbum:
    value = place_of(album.table, edit.kind) + 1
    labels, stroke = album.labels.get(edit.photo), strokes.get(edit.stroke)
    if labels is None:
        raise AlbumError(f"This avatar's album has no photo {edit.photo[:80]}.")
    if stroke is None or stroke.shape != labels.shape:
        raise AlbumError(
            f"What was painted on photo {edit.photo[:80]} has not the photo's size, "
            f"{labels.shape[1]} x {labels.shape[0]} pixels. Open the mask again."
        )
    changed = np.where(stroke == ADDED, value, labels)
    changed = np.where((stroke == ERASED) & (labels == value), 0, changed).astype(np.uint8)
    everywhere = {**album.labels, edit.photo: changed}
    if not any((found == value).any() for found in everywhere.values()):
        raise AlbumError(f"No photo would show {edit.kind} any more. Drop it instead.")
    return LabelledAlbum(album.table, everywhere)


def _without(
    album: LabelledAlbum, value: int, relabel: Callable[[Labels], Labels]
) -> LabelledAlbum:
    """The album without the asset of a mask value, with every mask relabelled before."""
    assets = [asset for i, asset in enumerate(album.table.assets) if i + 1 != value]
    labels: dict[str, Labels] = {}
    for photo, found in album.labels.items():
        kept = relabel(found)
        labels[photo] = np.where(kept > value, kept - 1, kept).astype(np.uint8)
    return LabelledAlbum(_with_assets(album.table, assets), labels)


def _with_assets(table: AssetTable, assets: Sequence[Asset]) -> AssetTable:
    return table.model_copy(update={"assets": tuple(assets)})


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
