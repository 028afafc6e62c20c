"""Everything behind the API, put together and taken apart in the right order."""

import secrets

from album2avatar.jobs.album_shelf import AlbumShelf
from album2avatar.jobs.desk import JobDesk
from album2avatar.jobs.execution import Execution
from album2avatar.jobs.job_assets import JobAssets
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.ledger import Ledger
from album2avatar.jobs.queue_state import QueueControl
from album2avatar.jobs.state_folder import StateFolder, write_private
from album2avatar.jobs.wardrobe_shelf import WardrobeShelf
from album2avatar.wardrobe.library import default_wardrobe_folder

_SUSPEND_SECONDS = 10.0
"""Time for the running job to stop; its worker is killed after half of it."""


class JobService:
    """Albums, jobs, queue and ledger of one state folder, and the user's wardrobe."""

    def __init__(self, state: StateFolder, database_url: str = "") -> None:
        """Load everything and start to work.

        Args:
            state: the service's folder; no other process may use it.
            database_url: SQLAlchemy URL of the ledger's database; a SQLite file in the folder
                where empty.
        """
        url = database_url or f"sqlite:///{state.ledger}"
        self.albums = AlbumShelf(state.albums)
        self.store = JobStore(state.jobs)
        self._ledger = Ledger(url, _identity(state))
        self.queue = QueueControl(state.queue)
        self.wardrobe = WardrobeShelf(default_wardrobe_folder())
        self.execution = Execution(self.store, self.queue, self.wardrobe.folder)
        self.assets = JobAssets(self.store)
        self.desk = JobDesk(self.store, self._ledger, self.execution, self.albums, self.wardrobe)
        with self.store.lock:  # no run begins before the jobs agree with the ledger
            self._ledger.open(self.execution.execute)
            self.desk.recover()

    @property
    def is_idle(self) -> bool:
        """Nothing runs, and nothing will unless somebody asks for it."""
        with self.store.lock:  # a job that begins is neither queued nor running for a moment
            waits = bool(self.store.queued()) and not self.queue.state.is_paused
            return self.execution.running is None and not waits

    def close(self) -> None:
        """Stop the running job at its checkpoint and everything else; all is kept for later."""
        self.albums.close()
        self.execution.suspend(_SUSPEND_SECONDS)
        self._ledger.close()


def _identity(state: StateFolder) -> str:
    """Name of this service among others that share its database; made once."""
    if not state.identity.exists():
        write_private(state.identity, secrets.token_hex(4))
    return state.identity.read_text(encoding="utf-8").strip()
