"""The service's own folder: token, ledger, jobs and albums."""

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from album2avatar.errors import WorkspaceError

STATE_VARIABLE = "ALBUM2AVATAR_STATE"


def default_state_folder() -> Path:
    """Folder that ALBUM2AVATAR_STATE names, else one in the user's data folder."""
    variable = os.environ.get(STATE_VARIABLE)
    if variable:
        return Path(variable).expanduser().absolute()
    return platformdirs.user_data_path("album2avatar") / "service"


def default_avatar_folder(name: str) -> Path:
    """Folder of an avatar whose place the artist didn't choose."""
    return platformdirs.user_data_path("album2avatar") / "avatars" / name


@dataclass(frozen=True)
class StateFolder:
    """Names of everything in the service's folder."""

    root: Path

    @property
    def token(self) -> Path:
        """The bearer token; for the user alone."""
        return self.root / "token"

    @property
    def service_file(self) -> Path:
        """JSON: where the running service listens. Gone after a clean end."""
        return self.root / "service.json"

    @property
    def identity(self) -> Path:
        """Name of this service among others that share a database."""
        return self.root / "identity"

    @property
    def lock(self) -> Path:
        """Locked while a service runs on this folder."""
        return self.root / "service.lock"

    @property
    def ledger(self) -> Path:
        """SQLite database of the ledger."""
        return self.root / "ledger.sqlite"

    @property
    def queue(self) -> Path:
        """JSON: whether the queue is paused, and why."""
        return self.root / "queue.json"

    @property
    def log(self) -> Path:
        """Log of the service, without names or contents of photos."""
        return self.root / "service.log"

    @property
    def jobs(self) -> Path:
        """Folder with one folder a job."""
        return self.root / "jobs"

    @property
    def albums(self) -> Path:
        """Folder with one folder an album."""
        return self.root / "albums"

    def make(self) -> None:
        """Make the folder, closed to other users.

        Raises:
            WorkspaceError: it can't be made or written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):
                self.root.chmod(0o700)
            self.jobs.mkdir(exist_ok=True)
            self.albums.mkdir(exist_ok=True)
            with tempfile.TemporaryFile(dir=self.root):
                pass
        except OSError as error:
            raise WorkspaceError(
                f"The service's folder {self.root} can't be written ({error.strerror}). "
                f"Mend its permissions, or name another one in {STATE_VARIABLE}."
            ) from error


def write_private(path: Path, text: str) -> None:
    """Write a file atomically that only this user may read (mode 0600)."""
    handle, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)  # mkstemp makes it 0600
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
