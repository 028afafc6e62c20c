"""The wardrobe: a folder with one folder for each entry."""

import contextlib
import os
import re
import shutil
import tempfile
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import platformdirs
from filelock import FileLock, Timeout
from pydantic import ValidationError

from album2avatar.asset_table import KIND_ORDER
from album2avatar.assets import AssetKind
from album2avatar.errors import WardrobeError
from album2avatar.files import flush_folder, write_bytes
from album2avatar.wardrobe.entry import ADAPTER_FILE, ENTRY_FILE, WardrobeEntry, entry_text
from album2avatar.wardrobe.entry_folder import hash_file, load_entry, require_intact
from album2avatar.wardrobe.token_file import unpack_token_file, write_token_file
from album2avatar.workspace import Workspace

WARDROBE_VARIABLE = "ALBUM2AVATAR_WARDROBE"

_DELETED = ".deleted"
_LOCK = ".lock"
_STAGING = ".new-"
_LINK = "adapter.link"
_LOCK_SECONDS = 120.0
_BEGINNING_OF_ID = re.compile(r"w[0-9a-f]{0,12}")


def default_wardrobe_folder() -> Path:
    """Folder that ALBUM2AVATAR_WARDROBE names, else one in the user's data folder."""
    variable = os.environ.get(WARDROBE_VARIABLE)
    if variable:
        return Path(variable).expanduser().absolute()
    return platformdirs.user_data_path("album2avatar") / "wardrobe"


@dataclass(frozen=True)
class DamagedEntry:
    """A folder in the wardrobe that is no entry, or no whole one."""

    folder: Path
    reason: str
    """A sentence for the artist; it names the file."""


class Wardrobe:
    """All tokens in one folder. Several processes may work on it at once.

    An entry's folder is made under another name and then renamed, so that it is whole or not
    there; its files never change, but for the name in `entry.json`. What writes holds a lock,
    what reads doesn't.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def entries(self, kind: AssetKind | None = None) -> tuple[WardrobeEntry, ...]:
        """Entries of a kind, or all of them; newest first, damaged ones left out.

        Raises:
            WardrobeError: the folder can't be read.
        """
        found = _read_folder(self.folder)[0]
        return tuple(entry for entry in found if kind is None or entry.kind == kind)

    def damaged(self) -> tuple[DamagedEntry, ...]:
        """What `entries` left out, and why."""
        return _read_folder(self.folder)[1]

    def get(self, entry: str) -> WardrobeEntry:
        """Find an entry by its id, or by an unambiguous beginning of it.

        Raises:
            WardrobeError: there is none, there are several, or it is damaged.
        """
        folder = self.folder_of(entry)
        try:
            return load_entry(folder)
        except FileNotFoundError as error:
            raise WardrobeError(f"{folder / ENTRY_FILE} is missing. {_LOOK}") from error

    def folder_of(self, entry: str) -> Path:
        """Folder with the files of the entry of that id, or beginning of an id.

        Raises:
            WardrobeError: there is none, or there are several.
        """
        return _find(self.folder, entry)

    def verify(self, entry: str) -> WardrobeEntry:
        """Read an entry and compare all its files with their hashes.

        Raises:
            WardrobeError: there is no such entry, or it is damaged.
        """
        found = self.get(entry)
        require_intact(self.folder_of(found.id), found)
        return found

    def add(self, avatar: Workspace, source: str) -> tuple[WardrobeEntry, ...]:
        """Add every asset that a finished avatar has learned. Needs torch.

        What the wardrobe has already stays as it is; what was deleted comes back.

        Args:
            source: the avatar's title.

        Returns:
            The avatar's entries in the order of its assets.

        Raises:
            WardrobeError: the avatar has learned nothing, its assets were changed since, or the
                wardrobe can't be written.
            Album2AvatarError: a file of the avatar is damaged.
        """
        # The service imports this module, too, and does without torch.
        from album2avatar.wardrobe.collecting import collect_entries

        with tempfile.TemporaryDirectory(prefix="album2avatar-") as made:
            collected = collect_entries(avatar, source, Path(made))
            with self._writing():
                return tuple(self._take_in(item.entry, item.files) for item in collected)

    def rename(self, entry: str, name: str) -> WardrobeEntry:
        """Give an entry another name; its id and its words stay.

        Raises:
            WardrobeError: there is no such entry, or the name is empty or too long.
        """
        with self._writing():
            found = self.get(entry)
            try:
                changed = WardrobeEntry.model_validate(
                    found.model_dump() | {"name": " ".join(name.split())}
                )
            except ValidationError as error:
                raise WardrobeError(
                    f"{name[:80]!r} can't be the name of an entry. Choose one of 1 to 60 letters."
                ) from error
            write_bytes(self.folder / found.id / ENTRY_FILE, entry_text(changed))
        return changed

    def export(self, entry: str, path: Path) -> None:
        """Write an entry as one file, `*.a2atoken`, over whatever is there.

        Raises:
            WardrobeError: there is no such entry, it is damaged, or `path` has another suffix.
            WorkspaceError: `path` can't be written.
        """
        found = self.get(entry)
        write_token_file(path, self.folder / found.id, found)

    def import_file(self, path: Path) -> WardrobeEntry:
        """Check a file from `export` and add its entry.

        What the wardrobe has already stays as it is; what was deleted comes back.

        Raises:
            WardrobeError: anything is wrong with the file, and the wardrobe is as it was; or the
                wardrobe can't be written.
        """
        with self._writing(), self._staged() as staged:
            entry = unpack_token_file(path, staged)
            return self._put_in_place(entry, staged)

    def delete(self, entry: str) -> None:
        """Put an entry aside; `restore` brings it back.

        Raises:
            WardrobeError: there is no such entry.
        """
        with self._writing():
            folder = self.folder_of(entry)
            target = self._deleted / folder.name
            self._deleted.mkdir(exist_ok=True)
            shutil.rmtree(target, ignore_errors=True)
            folder.rename(target)

    def restore(self, entry: str) -> WardrobeEntry:
        """Bring a deleted entry back.

        Raises:
            WardrobeError: no such entry was deleted, or it is damaged.
        """
        with self._writing():
            folder = _find(self._deleted, entry)
            if not (self.folder / folder.name).exists():
                folder.rename(self.folder / folder.name)
            return self.get(folder.name)

    def deleted(self) -> tuple[WardrobeEntry, ...]:
        """Entries that were deleted and can be restored; newest first."""
        return _read_folder(self._deleted)[0]

    @property
    def _deleted(self) -> Path:
        return self.folder / _DELETED

    def _take_in(self, entry: WardrobeEntry, files: Mapping[str, Path]) -> WardrobeEntry:
        """Copy an entry's files into the wardrobe; the lock is held."""
        with self._staged() as staged:
            for name, source in files.items():
                self._copy(source, staged / name, entry.files[name])
            (staged / ENTRY_FILE).write_bytes(entry_text(entry))
            return self._put_in_place(entry, staged)

    def _copy(self, source: Path, target: Path, expected: str) -> None:
        shutil.copyfile(source, target)
        if hash_file(target) != expected:
            raise WardrobeError(
                f"{source} changed while it was added. Wait until nothing works on the avatar, "
                "then add it again."
            )

    def _put_in_place(self, entry: WardrobeEntry, staged: Path) -> WardrobeEntry:
        """Make a staged folder the entry's, unless it has a whole one already."""
        target = self.folder / entry.id
        for place in (target, self._deleted / entry.id):
            known = _intact_entry(place)
            if known is not None:
                if place != target:
                    shutil.rmtree(target, ignore_errors=True)
                    place.rename(target)
                return known
        shutil.rmtree(target, ignore_errors=True)  # only ever damaged
        self._share_adapter(entry, staged / ADAPTER_FILE)
        for path in staged.iterdir():
            _flush_file(path)
        flush_folder(staged)
        staged.chmod(0o755)
        staged.rename(target)
        flush_folder(self.folder)
        return entry

    def _share_adapter(self, entry: WardrobeEntry, staged: Path) -> None:
        """Let all entries of one avatar have one copy of its adapter, by far their largest file."""
        expected = entry.files[ADAPTER_FILE]
        for other in self.entries():
            twin = self.folder / other.id / ADAPTER_FILE
            if other.files[ADAPTER_FILE] == expected and hash_file(twin) == expected:
                with contextlib.suppress(OSError):  # a disk without hard links keeps the copy
                    link = staged.with_name(_LINK)
                    link.hardlink_to(twin)
                    link.replace(staged)
                return

    @contextlib.contextmanager
    def _staged(self) -> Generator[Path]:
        """An empty folder in the wardrobe that no reader sees, gone afterwards."""
        folder = Path(tempfile.mkdtemp(prefix=_STAGING, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextlib.contextmanager
    def _writing(self) -> Generator[None]:
        """Hold the wardrobe for this process; remove what a kill has left."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self.folder / _LOCK, timeout=_LOCK_SECONDS):
                for left in self.folder.glob(f"{_STAGING}*"):
                    shutil.rmtree(left, ignore_errors=True)
                yield
        except Timeout as error:
            raise WardrobeError(
                f"Another process works on the wardrobe {self.folder}. Wait for it, then try again."
            ) from error
        except OSError as error:
            raise WardrobeError(
                f"The wardrobe {self.folder} can't be written ({error.strerror or error}). Free "
                "some space or mend its permissions, or name another folder in "
                f"{WARDROBE_VARIABLE}."
            ) from error


def _read_folder(folder: Path) -> tuple[tuple[WardrobeEntry, ...], tuple[DamagedEntry, ...]]:
    """Whole entries, newest first, and what else looks like an entry."""
    found: list[WardrobeEntry] = []
    damaged: list[DamagedEntry] = []
    for path in _subfolders(folder):
        try:
            found.append(load_entry(path))
        except FileNotFoundError:
            if path.exists():  # else it was deleted just now
                damaged.append(DamagedEntry(path, f"{path / ENTRY_FILE} is missing. {_REMOVE}"))
        except WardrobeError as error:
            damaged.append(DamagedEntry(path, str(error)))
    found.sort(key=lambda entry: (KIND_ORDER.index(entry.kind), entry.id))
    found.sort(key=lambda entry: entry.created_at, reverse=True)
    return tuple(found), tuple(damaged)


def _subfolders(folder: Path) -> list[Path]:
    try:
        children = sorted(folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise WardrobeError(
            f"The wardrobe {folder} can't be read ({error.strerror}). Mend its permissions, or "
            f"name another folder in {WARDROBE_VARIABLE}."
        ) from error
    return [path for path in children if path.is_dir() and not path.name.startswith(".")]


def _find(folder: Path, entry: str) -> Path:
    matches: list[Path] = []
    if _BEGINNING_OF_ID.fullmatch(entry):
        matches = [path for path in _subfolders(folder) if path.name.startswith(entry)]
    if not matches:
        raise WardrobeError(f"{folder} has no entry {entry[:40]!r}. {_LOOK}")
    if len(matches) > 1:
        names = ", ".join(path.name for path in matches[:4])
        raise WardrobeError(
            f"{entry} may be one of {len(matches)} entries ({names}…). Give more of its id."
        )
    return matches[0]


def _intact_entry(folder: Path) -> WardrobeEntry | None:
    try:
        entry = load_entry(folder)
        require_intact(folder, entry)
    except (FileNotFoundError, WardrobeError):
        return None
    return entry


def _flush_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


_LOOK = "`album2avatar wardrobe list` shows what there is."
_REMOVE = "Remove the folder."
