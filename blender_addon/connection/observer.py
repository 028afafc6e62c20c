"""Reads the backend's state, and shows it on the board."""

import logging
from collections.abc import Callable
from types import MappingProxyType

from .artifacts import ArtifactCache
from .board import Board
from .client import Client
from .events import Event, Follower
from .parsing import (
    AnswerError,
    Fields,
    parse_album,
    parse_asset,
    parse_body,
    parse_job,
    parse_preset,
    parse_queue,
    parse_wardrobe_item,
)
from .progress import after_event, after_poll
from .types import Album, Job

_log = logging.getLogger(__name__)


class Observer:
    """Looks at jobs, albums and assets when it is told to, and follows the chosen job's events."""

    def __init__(self, board: Board, cache: ArtifactCache, wake: Callable[[], None]) -> None:
        """Prepare.

        Args:
            board: where everything is shown.
            cache: of the artifacts; what changed is dropped from it.
            wake: called in the follower's thread when an event says that there is more to read.
        """
        self._board = board
        self._cache = cache
        self._wake = wake
        self._follower = Follower(self._on_event)
        self._assets_seen: dict[str, tuple[object, ...]] = {}
        self._wardrobe_seen: frozenset[str] | None = None
        """Jobs that had ended when the wardrobe was read; None before that."""
        self._times_forgotten = 0
        """How often; what was asked for before the last time may be older than an edit."""

    def leave(self) -> None:
        """Follow no events any more."""
        self._follower.leave()

    def forget_edited(self) -> None:
        """Read what artists edit again at the next look, also where one is under way."""
        with self._board.lock:
            self._times_forgotten += 1
            self._assets_seen.clear()
            self._wardrobe_seen = None

    def read_once(self, client: Client) -> None:
        """What changes with another backend only."""
        answer = Fields(client.call("GET", "/presets"))
        presets = answer.records("presets", parse_preset)
        bodies = answer.records("bodies", parse_body)
        self._board.update(presets=presets, bodies=bodies)

    def read(self, client: Client, is_current: Callable[[], bool]) -> None:
        """Show how things are now, unless another backend took this one's place meanwhile.

        Raises:
            RequestError: the backend doesn't answer.
            AnswerError: the answer makes no sense.
        """
        jobs = Fields(client.call("GET", "/jobs")).records("jobs", parse_job)
        albums = Fields(client.call("GET", "/albums")).records("albums", parse_album)
        order = parse_queue(Fields(client.call("GET", "/queue")))
        with self._board.lock:
            if not is_current():
                return
            before = self._board.snapshot
            self._drop_changed(before.jobs, jobs)
            self._drop_read_again(before.albums, albums)
            merged = tuple(after_poll(before.job(job.id), job) for job in jobs)
            self._board.update(jobs=merged, albums=albums, queue=order)
        self._read_wardrobe(client, frozenset(job.id for job in jobs if job.state == "done"))
        self._read_followed(client, is_current)

    def _read_wardrobe(self, client: Client, ended: frozenset[str]) -> None:
        """A job that ends may have put something in; else only edits change it."""
        with self._board.lock:
            if self._wardrobe_seen == ended:
                return
            forgotten = self._times_forgotten
        answer = Fields(client.call("GET", "/wardrobe"))
        items = answer.records("items", parse_wardrobe_item)
        deleted = answer.records("deleted", parse_wardrobe_item)
        self._board.update(wardrobe=items, wardrobe_deleted=deleted)
        with self._board.lock:
            if self._times_forgotten == forgotten:
                self._wardrobe_seen = ended

    def _read_followed(self, client: Client, is_current: Callable[[], bool]) -> None:
        with self._board.lock:
            if not is_current():
                return
            job = self._board.snapshot.job(self._board.snapshot.followed)
            if job is None:
                self._follower.leave()
                return
            if job.is_active and not self._follower.is_following(client, job.id):
                self._follower.follow(client, job.id, job.last_event)
            seen = (job.state, job.stage, job.attempts)
            forgotten = self._times_forgotten
            if not job.has_assets or self._assets_seen.get(job.id) == seen:
                return
        self._read_assets(client, job.id)
        with self._board.lock:
            if self._times_forgotten == forgotten:
                self._assets_seen[job.id] = seen

    def _read_assets(self, client: Client, job: str) -> None:
        answer = Fields(client.call("GET", f"/jobs/{job}/assets"))
        assets = answer.records("assets", parse_asset)
        is_editable = answer.truth("is_editable")
        with self._board.lock:
            before = self._board.snapshot
            if before.assets.get(job) != assets:
                self._cache.forget(f"{job}.icon.")
                self._cache.forget(f"{job}.mask.")
                self._cache.forget(f"{job}.painting.")
            editable = before.editable | {job} if is_editable else before.editable - {job}
            self._board.update(
                assets=MappingProxyType({**before.assets, job: assets}),
                editable=editable,
                files=self._cache.files(),
            )

    def _drop_changed(self, before: tuple[Job, ...], after: tuple[Job, ...]) -> None:
        """A job that began again or ended has new files under the old ids."""
        known = {job.id: (job.attempts, job.is_active) for job in before}
        for job in after:
            if known.get(job.id, (job.attempts, job.is_active)) != (job.attempts, job.is_active):
                self._drop_files(job.id)

    def _drop_files(self, job: str) -> None:
        self._cache.forget(f"{job}.")
        self._board.update(files=self._cache.files())

    def _drop_read_again(self, before: tuple[Album, ...], after: tuple[Album, ...]) -> None:
        known = {album.id: album.state for album in before}
        for album in after:
            if album.state == "reading" and known.get(album.id, "reading") != "reading":
                self._cache.forget(f"{album.id}.thumbnail.")
                self._board.update(files=self._cache.files())

    def _on_event(self, job: str, event: Event) -> None:
        """In the follower's thread."""
        with self._board.lock:
            known = self._board.snapshot.job(job)
            if known is None:
                return
            try:
                changed = after_event(known, event)
            except AnswerError:
                _log.warning("Event %s of job %s can't be read", event.id, job)
                return
            jobs = tuple(
                changed if found.id == job else found for found in self._board.snapshot.jobs
            )
            if changed.is_active != known.is_active:
                # The next poll finds nothing new any more.
                self._drop_files(job)
            self._board.update(jobs=jobs)
        if event.name != "progress":
            self._wake()
