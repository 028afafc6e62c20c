"""The albums that the artist opened, and what was found in them."""

import contextlib
import hashlib
import json
import logging
import shutil
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from album2avatar.album.inspection import inspect_album
from album2avatar.album.originals import chosen_originals
from album2avatar.album.sight_process import SightProcess
from album2avatar.album_choice import AlbumChoice
from album2avatar.album_report import PhotoReport
from album2avatar.errors import Album2AvatarError, AlbumError
from album2avatar.files import in_home
from album2avatar.jobs.errors import NotFoundError, describe
from album2avatar.json_models import write_model
from album2avatar.model_folders import find_model
from album2avatar.settings import Frozen, Settings

logger = logging.getLogger(__name__)


class AlbumRecord(Frozen):
    """`album.json`: an album, and what is known of its photos."""

    format: Literal[1] = 1
    id: str = Field(pattern=r"^a[0-9a-f]{12}$")
    folder: Path
    names: tuple[str, ...] | None
    """Names that were chosen; every photo and video of the folder where None."""
    state: Literal["reading", "ready", "failed"] = "reading"
    message: str = ""
    """Why it failed."""
    total: int = 0
    photos: tuple[PhotoReport, ...] = ()
    notes: tuple[str, ...] = ()
    """Sentences about whole files."""

    @property
    def title(self) -> str:
        """Name of the folder or video."""
        return self.folder.name or str(self.folder)


class AlbumShelf:
    """Keeps the list of albums for good, and reads them one after the other in a thread."""

    def __init__(self, folder: Path) -> None:
        """Read the list; albums whose reading was interrupted are read again."""
        self._folder = folder
        self._lock = threading.Lock()
        self._albums: dict[str, AlbumRecord] = {}
        self._readings: dict[str, threading.Event] = {}
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="album")
        for path in sorted(folder.glob("*/album.json")):
            try:
                record = AlbumRecord.model_validate_json(path.read_bytes())
            except (OSError, ValidationError) as error:
                logger.error("%s can't be read and is left out: %s", path, describe(error))
                continue
            self._albums[record.id] = record
            if record.state == "reading":
                self._read_later(record.id)

    def all(self) -> list[AlbumRecord]:
        """List the albums by title."""
        return sorted(self._albums.values(), key=lambda album: (album.title.lower(), album.id))

    def get(self, album: str) -> AlbumRecord:
        """Give an album by its id.

        Raises:
            NotFoundError: there is none.
        """
        record = self._albums.get(album)
        if record is None:
            raise NotFoundError("There is no such album. Choose its folder again.")
        return record

    def has(self, album: str | None) -> bool:
        """Tell whether an album is on the list."""
        return album in self._albums

    def add(self, folder: str, names: Sequence[str] | None) -> AlbumRecord:
        """Put an album on the list and begin to read it; the same choice is the same album.

        Raises:
            AlbumError: the folder or one of the names can't be used.
        """
        path = in_home(folder)
        if not path.is_absolute():
            raise AlbumError(f"'{folder}' is no absolute path. Choose the album's folder again.")
        path = path.resolve()
        chosen = None if names is None else tuple(sorted(set(names)))
        total = len(chosen_originals(AlbumChoice(path, chosen)))
        album = _identity(path, chosen)
        with self._lock:
            if album in self._readings:
                return self._albums[album]
            record = AlbumRecord(id=album, folder=path, names=chosen, total=total)
            self._write(record)
            self._albums[album] = record
            self._read_later(album)
            return record

    def remove(self, album: str) -> None:
        """Take an album off the list. Its photos are not touched.

        Raises:
            NotFoundError: there is none.
        """
        self.get(album)
        with self._lock:
            cancelled = self._readings.pop(album, None)
            if cancelled is not None:
                cancelled.set()
            self._albums.pop(album, None)
            shutil.rmtree(self._folder / album, ignore_errors=True)

    def close(self) -> None:
        """Stop reading; it is taken up again at the next start."""
        for cancelled in list(self._readings.values()):
            cancelled.set()
        self._reader.shutdown(wait=False, cancel_futures=True)

    def thumbnails(self, album: str) -> Path:
        """Folder of an album's thumbnails."""
        return self._folder / album / "thumbnails"

    def _read_later(self, album: str) -> None:
        cancelled = threading.Event()
        self._readings[album] = cancelled
        self._reader.submit(self._read, album, cancelled)

    def _read(self, album: str, cancelled: threading.Event) -> None:
        record = self._albums.get(album)
        if record is None or cancelled.is_set():
            return

        def on_photo(report: PhotoReport, done: int, total: int) -> None:
            with self._lock:
                if not cancelled.is_set():
                    seen = (*self._albums[album].photos, report)
                    self._albums[album] = record.model_copy(update={"photos": seen, "total": total})

        settings = Settings()
        try:
            with SightProcess(find_model(settings.segmentation.perception)) as sight:
                found = inspect_album(
                    record.folder, record.names, settings.album, sight, self.thumbnails(album),
                    on_photo, cancelled,
                )  # fmt: skip
            photos = found.photos
            changes = {
                "state": "ready", "photos": photos, "notes": found.notes, "total": len(photos),
            }  # fmt: skip
        except Album2AvatarError as error:
            changes = {"state": "failed", "message": str(error)}
        except Exception as error:
            logger.error("reading an album went wrong: %s", describe(error))
            changes = {
                "state": "failed",
                "message": f"Something unexpected went wrong ({type(error).__name__}). Choose the "
                "folder again; if it comes back, report it with the service's log.",
            }
        with self._lock:
            if cancelled.is_set():
                return
            del self._readings[album]
            self._albums[album] = record.model_copy(update=changes)
            with contextlib.suppress(Album2AvatarError):  # it is then read again at the next start
                self._write(self._albums[album])

    def _write(self, record: AlbumRecord) -> None:
        path = self._folder / record.id / "album.json"
        write_model(path, record)


def _identity(folder: Path, names: tuple[str, ...] | None) -> str:
    text = json.dumps([str(folder), names])
    return "a" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
