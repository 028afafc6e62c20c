"""The wardrobe: a folder with one folder for each entry."""

import os
from pathlib import Path

import platformdirs

from album2avatar.assets import AssetKind
from album2avatar.wardrobe.entry import WardrobeEntry
from album2avatar.workspace import Workspace

WARDROBE_VARIABLE = "ALBUM2AVATAR_WARDROBE"


def default_wardrobe_folder() -> Path:
    """Folder that ALBUM2AVATAR_WARDROBE names, else one in the user's data folder."""
    variable = os.environ.get(WARDROBE_VARIABLE)
    if variable:
        return Path(variable).expanduser().absolute()
    return platformdirs.user_data_path("album2avatar") / "wardrobe"


class Wardrobe:
    """All tokens in one folder. Several processes may work on it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self, kind: AssetKind | None = None) -> tuple[WardrobeEntry, ...]:
        """Entries of a kind, or all of them; newest first."""
        raise NotImplementedError

    def get(self, entry: str) -> WardrobeEntry:
        """Find an entry by its id, or by an unambiguous beginning of it."""
        raise NotImplementedError

    def folder_of(self, entry: str) -> Path:
        """Folder with an entry's files."""
        raise NotImplementedError

    def add(self, avatar: Workspace, source: str) -> tuple[WardrobeEntry, ...]:
        """Add every asset of a finished avatar. Imports torch."""
        raise NotImplementedError

    def rename(self, entry: str, name: str) -> WardrobeEntry:
        """Give an entry another name; its id and its words stay."""
        raise NotImplementedError

    def export(self, entry: str, path: Path) -> None:
        """Write an entry as one file, `*.a2atoken`."""
        raise NotImplementedError

    def import_file(self, path: Path) -> WardrobeEntry:
        """Check a file from `export` and add its entry."""
        raise NotImplementedError

    def delete(self, entry: str) -> None:
        """Put an entry aside; `restore` brings it back."""
        raise NotImplementedError

    def restore(self, entry: str) -> WardrobeEntry:
        """Bring a deleted entry back."""
        raise NotImplementedError

    def deleted(self) -> tuple[WardrobeEntry, ...]:
        """Entries that were deleted and can be restored; newest first."""
        raise NotImplementedError
