"""The wardrobe for the API: whatever is asked for by an id."""

import re
from pathlib import Path

from album2avatar.assets import AssetKind
from album2avatar.errors import WardrobeError
from album2avatar.files import in_home
from album2avatar.jobs.errors import NotFoundError
from album2avatar.wardrobe.entry import ID_PATTERN, THUMBNAIL_FILE, WardrobeEntry
from album2avatar.wardrobe.library import Wardrobe

TOKEN_SUFFIX = ".a2atoken"


class WardrobeShelf:
    """Looks entries up and changes them. Threads may share it, and other processes the wardrobe."""

    def __init__(self, folder: Path) -> None:
        """Use the wardrobe in a folder."""
        self.folder = folder
        self._library = Wardrobe(folder)

    def all(self, kind: AssetKind | None = None) -> tuple[WardrobeEntry, ...]:
        """List the entries, newest first; of one kind where it is named."""
        return self._library.entries(kind)

    def deleted(self) -> tuple[WardrobeEntry, ...]:
        """List the entries that can be brought back."""
        return self._library.deleted()

    def get(self, entry: str) -> WardrobeEntry:
        """Give an entry.

        Raises:
            NotFoundError: there is none of that id.
        """
        if not re.fullmatch(ID_PATTERN, entry):
            raise _missing()
        try:
            return self._library.get(entry)
        except WardrobeError as error:
            raise _missing() from error

    def thumbnail(self, entry: str) -> Path:
        """Picture of an entry, PNG.

        Raises:
            NotFoundError: there is none of that id.
        """
        return self._library.folder_of(self.get(entry).id) / THUMBNAIL_FILE

    def rename(self, entry: str, name: str) -> WardrobeEntry:
        """Give an entry another name.

        Raises:
            NotFoundError: there is none of that id.
            WardrobeError: the name can't be used.
        """
        return self._library.rename(self.get(entry).id, name)

    def delete(self, entry: str) -> None:
        """Take an entry out; `restore` brings it back.

        Raises:
            NotFoundError: there is none of that id.
            WardrobeError: it can't be moved.
        """
        self._library.delete(self.get(entry).id)

    def restore(self, entry: str) -> WardrobeEntry:
        """Bring a deleted entry back.

        Raises:
            NotFoundError: none of that id was deleted.
            WardrobeError: it can't be moved.
        """
        if entry not in {each.id for each in self.deleted()}:
            raise _missing()
        return self._library.restore(entry)

    def export(self, entry: str, path: str) -> None:
        """Write an entry as one file.

        Raises:
            NotFoundError: there is none of that id.
            WardrobeError: the file can't be written.
        """
        self._library.export(self.get(entry).id, _token_file(path))

    def import_file(self, path: str) -> WardrobeEntry:
        """Take in an entry that was written as one file.

        Raises:
            WardrobeError: the file is missing, damaged or of another kind.
        """
        return self._library.import_file(_token_file(path))


def _missing() -> NotFoundError:
    return NotFoundError("There is no such piece in the wardrobe. Refresh the list.")


def _token_file(path: str) -> Path:
    file = in_home(path)
    if not file.is_absolute() or file.suffix != TOKEN_SUFFIX:
        raise WardrobeError(
            f"'{path}' is no absolute path of a file that ends with {TOKEN_SUFFIX}. Choose one."
        )
    if not file.parent.is_dir():
        raise WardrobeError(f"There is no folder {file.parent}. Choose another place.")
    return file
