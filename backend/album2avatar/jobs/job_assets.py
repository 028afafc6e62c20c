"""The asset list of a job: looking at it, and editing it while the job rests."""

from collections.abc import Callable
from pathlib import Path

from album2avatar.asset_edits import (
    drop_asset,
    finish_edit,
    merge_assets,
    paint_asset,
    rename_asset,
)
from album2avatar.asset_painting import read_painting
from album2avatar.asset_pictures import asset_photos
from album2avatar.asset_table import load_asset_table, load_labelled_album
from album2avatar.assets import AssetTable
from album2avatar.errors import AlbumError
from album2avatar.jobs.errors import ConflictError, NotFoundError
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.records import JobRecord
from album2avatar.manifest import locked
from album2avatar.settings import Frozen
from album2avatar.workspace import Workspace


class AssetPhotoView(Frozen):
    """A photo, and what it shows of an asset."""

    photo: str
    share: float
    """Share of the photo that the asset covers, 0..1."""
    preview: str
    """Artifact: the photo with everything else dark."""
    painting: str
    """Artifact: the photo in full size, opaque where the asset is, faint elsewhere."""


class AssetView(Frozen):
    """One asset as a panel shows it."""

    kind: str
    name: str
    token: str
    icon: str
    """Artifact."""
    photos: tuple[AssetPhotoView, ...]
    """Every photo of the album, those that show most of the asset first."""


class AssetListView(Frozen):
    """The assets of a job."""

    is_editable: bool
    """Only while the job neither waits nor runs."""
    assets: tuple[AssetView, ...]


class JobAssets:
    """Edits assets for the API; the ledger's worker never sees a list that is half edited."""

    def __init__(self, store: JobStore) -> None:
        self._store = store

    def all(self, job: str) -> AssetListView:
        """List a job's assets; none before they were found.

        Raises:
            NotFoundError: there is no such job.
            Album2AvatarError: the list is damaged.
        """
        with self._store.lock:
            record = self._store.get(job)
            if record.is_finished:
                finish_edit(record.workspace)
        return _view(record)

    def rename(self, job: str, kind: str, name: str) -> AssetListView:
        """Give an asset another name. Errors as `_edit`."""
        return self._edit(job, (kind,), lambda workspace: rename_asset(workspace, kind, name))

    def merge(self, job: str, kind: str, into: str) -> AssetListView:
        """Give an asset's pixels to another one. Errors as `_edit`."""
        return self._edit(job, (kind, into), lambda workspace: merge_assets(workspace, kind, into))

    def drop(self, job: str, kind: str) -> AssetListView:
        """Leave an asset out. Errors as `_edit`."""
        return self._edit(job, (kind,), lambda workspace: drop_asset(workspace, kind))

    def paint(self, job: str, kind: str, photo: str, file: str) -> AssetListView:
        """Take over a mask that was painted. Errors as `_edit`.

        Args:
            file: absolute path of the picture of the asset's `painting`, changed.
        """

        def edit(workspace: Workspace) -> AssetTable:
            labels = load_labelled_album(workspace).labels.get(photo)
            if labels is None:
                raise NotFoundError(f"This avatar's album has no photo '{photo[:80]}'.")
            if not Path(file).is_absolute():
                raise AlbumError(f"'{file}' is no absolute path. Save the painted mask again.")
            rows, columns = labels.shape
            mask = read_painting(Path(file), (columns, rows))
            return paint_asset(workspace, kind, photo, mask)

        return self._edit(job, (kind,), edit)

    def _edit(
        self, job: str, kinds: tuple[str, ...], edit: Callable[[Workspace], AssetTable]
    ) -> AssetListView:
        """Change the list.

        Raises:
            NotFoundError: there is no such job or asset.
            ConflictError: the job waits or runs.
            AlbumError: the change makes no sense.
        """
        with self._store.lock:
            record = self._store.get(job)
            if not record.is_finished:
                raise ConflictError("Assets can't be changed while the job waits or runs.")
            if record.goal == "swap":
                raise ConflictError(
                    "The pieces of a variant can't be changed. Change those of the avatar that it "
                    "was made from, or try something else on."
                )
            if record.goal == "words":
                raise ConflictError(
                    "The pieces of this avatar are those of its description. Try something else "
                    "on, or make another avatar."
                )
            known = _kinds(record.workspace)
            for kind in kinds:
                if kind not in known:
                    raise NotFoundError(f"This avatar has no asset '{kind[:40]}'.")
            with locked(record.workspace):
                edit(record.workspace)
            return _view(record)


def _kinds(workspace: Workspace) -> tuple[str, ...]:
    """Of the assets that were found so far."""
    if not workspace.asset_table.exists():
        return ()
    return tuple(asset.kind for asset in load_asset_table(workspace).assets)


def _view(record: JobRecord) -> AssetListView:
    workspace = record.workspace
    # Without an album there are no photos in which the pieces could be shown.
    if record.goal in ("words", "swap") or not workspace.asset_table.exists():
        return AssetListView(is_editable=False, assets=())
    album = load_labelled_album(workspace)
    table, photos = album.table, asset_photos(album)
    return AssetListView(
        is_editable=record.is_finished,
        assets=tuple(
            AssetView(
                kind=asset.kind,
                name=asset.name,
                token=asset.token,
                icon=f"{record.id}.icon.{asset.kind}",
                photos=tuple(
                    AssetPhotoView(
                        photo=photo,
                        share=round(share, 4),
                        preview=f"{record.id}.mask.{asset.kind}.{photo}",
                        painting=f"{record.id}.painting.{asset.kind}.{photo}",
                    )
                    for photo, share in _with_others(photos[asset.kind], table)
                ),
            )
            for asset in table.assets
        ),
    )


def _with_others(
    shown: tuple[tuple[str, float], ...], table: AssetTable
) -> tuple[tuple[str, float], ...]:
    """Photos and shares, with the photos that don't show the asset at the end."""
    known = {photo for photo, _ in shown}
    others = ((photo.photo, 0.0) for photo in table.photos if photo.photo not in known)
    return (*shown, *others)
