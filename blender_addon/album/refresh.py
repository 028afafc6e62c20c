"""What the album panel needs before it can draw."""

# pyright: reportMissingImports=false

from typing import Any

from ..connection.types import Snapshot

PHOTOS_PER_PAGE = 24


def refresh_album(choices: Any, snapshot: Snapshot) -> list[str]:
    """Keep the choice valid, and name the pictures that the panel shows (artifact ids).

    Without a choice the newest album is chosen: it is what an artist left off with.
    """
    album = snapshot.album(choices.chosen)
    if album is None:
        newest = snapshot.albums[-1].id if snapshot.albums else ""
        if choices.chosen != newest and snapshot.status == "ready":
            choices.chosen = newest
        album = snapshot.album(newest)
    if album is None:
        return []
    start = choices.page * PHOTOS_PER_PAGE
    shown = album.photos[start : start + PHOTOS_PER_PAGE]
    return [photo.thumbnail for photo in shown if photo.thumbnail is not None]
