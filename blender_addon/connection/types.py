"""What the backend tells, as the panels see it: frozen records, and nothing of how they came."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal

Status = Literal["off", "starting", "ready", "failed"]
AlbumState = Literal["reading", "ready", "failed"]
Verdict = Literal["good", "warning", "rejected"]
Goal = Literal["assets", "avatar", "words", "swap", "clip"]
JobState = Literal["queued", "running", "cancelling", "cancelled", "failed", "done"]
FindingState = Literal["ready", "optional", "broken"]
ParentEnds = Literal["stop", "finish"]

ACTIVE_STATES: frozenset[JobState] = frozenset({"queued", "running", "cancelling"})


@dataclass(frozen=True)
class Problem:
    """Something that went wrong."""

    code: str
    """A word that programs compare, such as `port_taken`."""
    message: str
    """A sentence with the way out."""


@dataclass(frozen=True)
class Photo:
    """One photo of an album."""

    id: str
    name: str
    """File name."""
    width: int
    height: int
    verdict: Verdict
    warnings: tuple[str, ...]
    thumbnail: str | None
    """Artifact id."""
    is_readable: bool = True
    """Whether there is a picture, so that it can be used against the verdict."""


@dataclass(frozen=True)
class FunnelRow:
    """How many photos got through a step."""

    step: str
    count: int


@dataclass(frozen=True)
class Album:
    """A folder of photos that the backend has looked at, or is looking at."""

    id: str
    folder: str
    title: str
    state: AlbumState
    read: int
    """Photos looked at so far, of `total`."""
    total: int
    message: str
    photos: tuple[Photo, ...]
    notes: tuple[str, ...] = ()
    """Sentences about whole files, such as a video that is cut off."""
    funnel: tuple[FunnelRow, ...] = ()
    """From all photos to those that are used by default."""


@dataclass(frozen=True)
class PhotoFit:
    """A photo on which the body doesn't lie well."""

    id: str
    name: str
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Clip:
    """What a video on an avatar gave."""

    animation: str
    """Artifact id of the animated avatar."""
    plate: str
    """Artifact id of the background without the person."""
    folder: str
    """Path of the folder with all of it, the frames' masks among it."""


@dataclass(frozen=True)
class Job:
    """One avatar in the making, or made."""

    id: str
    title: str
    goal: Goal
    state: JobState
    position: int | None
    """Place in the queue, from 1; None where it is not waiting."""
    stage: str
    stage_title: str
    stage_index: int
    stage_count: int
    step: int
    total: int
    progress: float
    """Share of the whole job, 0 to 1."""
    seconds_left: float | None
    message: str
    error: Problem | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    album: str | None
    folder: str
    preset: str
    body: str
    prompt_addition: str
    workspace: str
    preview: str | None
    """Artifact id."""
    log: str | None
    """Artifact id."""
    log_path: str
    avatar: str | None
    """Artifact id."""
    avatar_path: str | None
    has_assets: bool
    attempts: int
    last_event: int
    draft: str | None = None
    """Artifact id of the first, rough avatar."""
    draft_seen: str | None = None
    """Artifact id of the picture that says what photos know of the draft's surface."""
    seen: str | None = None
    """The same of the finished avatar."""
    draft_note: str = ""
    """How much of it was guessed."""
    hero_photo: str = ""
    """Id of the photo that the avatar looks like most; empty for none."""
    base: str | None = None
    """Job of the avatar that this one dresses anew or animates; None unless the goal is `swap` or
    `clip`."""
    clip: Clip | None = None
    """Once it is written."""
    doubtful_photos: tuple[PhotoFit, ...] = ()
    """As far as the body was fitted."""
    metrics: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    """Newest numbers of the followed job, such as `gradient_norm`."""

    @property
    def is_active(self) -> bool:
        """Whether it waits, runs or is being cancelled."""
        return self.state in ACTIVE_STATES

    @property
    def has_made_avatar(self) -> bool:
        """Whether there is an avatar to put into the scene."""
        return self.state == "done" and self.goal not in ("assets", "clip")

    @property
    def made_clip(self) -> Clip | None:
        """The animation to put into the scene."""
        return self.clip if self.state == "done" else None

    @property
    def offered_draft(self) -> str | None:
        """Artifact id of the draft while there is nothing better to put into the scene."""
        return None if self.has_made_avatar else self.draft


@dataclass(frozen=True)
class AssetPhoto:
    """A photo, and what it shows of an asset."""

    photo: str
    share: float
    """Of the photo's area, 0 to 1."""
    preview: str | None
    """Artifact id of the photo with its mask."""


@dataclass(frozen=True)
class Asset:
    """One piece of the puzzle: the face, a garment."""

    kind: str
    name: str
    token: str
    icon: str | None
    """Artifact id."""
    photos: tuple[AssetPhoto, ...]
    """Every photo of the album."""


@dataclass(frozen=True)
class Needs:
    """What a job takes, measured."""

    minutes: float
    memory_gib: float
    disk_gib: float
    measured_on: str


@dataclass(frozen=True)
class Preset:
    """Settings under a name."""

    name: str
    title: str
    summary: str
    is_default: bool
    needs: Needs | None
    """None where nobody has measured it."""


@dataclass(frozen=True)
class Body:
    """A parametric body that an avatar can be built on."""

    name: str
    title: str
    is_available: bool
    reason: str
    """Why it is not available."""


@dataclass(frozen=True)
class Queue:
    """Which jobs come next."""

    is_paused: bool = False
    message: str = ""
    """Why it is paused."""
    order: tuple[str, ...] = ()


@dataclass(frozen=True)
class WardrobeItem:
    """A piece that avatars can put on: a token that was learned from an album."""

    id: str
    kind: str
    name: str
    token: str
    source: str
    """Title of the avatar that it was learned from."""
    has_pattern: bool
    """Whether its shape is known, too."""
    icon: str | None
    """Artifact id."""


@dataclass(frozen=True)
class Finding:
    """One line of what `doctor` found on this machine."""

    subject: str
    state: FindingState
    detail: str
    remedy: str
    """What to do; empty where nothing has to be done."""


@dataclass(frozen=True)
class Snapshot:
    """Everything that is known of the backend at one moment; the only thing that a panel reads."""

    status: Status = "off"
    problem: Problem | None = None
    """Why the status is `failed`; while it is `ready`, what the last request ran into."""
    version: str = ""
    albums: tuple[Album, ...] = ()
    jobs: tuple[Job, ...] = ()
    """Newest first."""
    assets: Mapping[str, tuple[Asset, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Of jobs that were followed, by job id."""
    editable: frozenset[str] = frozenset()
    """Jobs whose assets may be renamed, merged and dropped."""
    presets: tuple[Preset, ...] = ()
    bodies: tuple[Body, ...] = ()
    queue: Queue = field(default_factory=Queue)
    wardrobe: tuple[WardrobeItem, ...] = ()
    """Newest first."""
    wardrobe_deleted: tuple[WardrobeItem, ...] = ()
    """What can be brought back."""
    findings: tuple[Finding, ...] = ()
    """What `doctor` found; empty until `Connection.examine` was called."""
    files: Mapping[str, Path] = field(default_factory=lambda: MappingProxyType({}))
    """Downloaded artifacts; the path of an artifact changes when its content does."""
    followed: str | None = None
    revision: int = 0
    """Grows with every change."""

    def job(self, id: str | None) -> Job | None:
        """The job of that id, None where there is none."""
        return next((job for job in self.jobs if job.id == id), None)

    def album(self, id: str | None) -> Album | None:
        """The album of that id, None where there is none."""
        return next((album for album in self.albums if album.id == id), None)


@dataclass(frozen=True)
class Launch:
    """How to start the backend."""

    python: Path
    """A Python that can import album2avatar."""
    state: Path
    """Folder of the service's ledger, token and logs."""
    version: str
    """The extension's own version; another backend is refused."""
    parent_pid: int
    """The backend ends some time after this process."""
    when_parent_ends: ParentEnds = "stop"
