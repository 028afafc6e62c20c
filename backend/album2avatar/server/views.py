"""The shapes of the API's answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from album2avatar.album_report import funnel
from album2avatar.assets import AssetKind
from album2avatar.jobs.album_shelf import AlbumRecord, AlbumShelf
from album2avatar.jobs.doubtful_photos import doubtful_photos
from album2avatar.jobs.draft_note import draft_note
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.records import Goal, JobError, JobRecord, JobState
from album2avatar.jobs.service import JobService
from album2avatar.presets import PresetDescription
from album2avatar.wardrobe.entry import WardrobeEntry
from album2avatar.wardrobe.garment import GarmentChoice


class View(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class ErrorView(View):
    """What went wrong."""

    code: str
    message: str
    """A sentence with the way out."""


class ErrorAnswer(View):
    """Every answer of 4xx and 5xx."""

    error: ErrorView


class QueueShortView(View):
    """Whether the queue takes jobs."""

    paused: bool
    message: str


class HealthView(View):
    """That the service lives, and what it does."""

    status: Literal["ok"] = "ok"
    version: str
    api: int
    pid: int
    running: str | None
    queued: int
    queue: QueueShortView


class FindingView(View):
    """One line of the doctor's report."""

    subject: str
    state: Literal["ready", "optional", "broken"]
    detail: str
    remedy: str


class DoctorView(View):
    """The doctor's report."""

    findings: tuple[FindingView, ...]


class BodyView(View):
    """A body template."""

    name: Literal["anny", "smplx"]
    title: str
    is_available: bool
    reason: str
    """Why it isn't."""


class PresetsView(View):
    """What can be chosen for a job."""

    presets: tuple[PresetDescription, ...]
    bodies: tuple[BodyView, ...]


class PhotoView(View):
    """A photo of an album."""

    id: str
    name: str
    width: int
    height: int
    verdict: Literal["good", "warning", "rejected"]
    """A rejected photo is only used where a job asks for it."""
    is_readable: bool
    """Whether a job may ask for it at all."""
    warnings: tuple[str, ...]
    thumbnail: str | None


class FunnelRowView(View):
    """How many photos got through a step, by default."""

    step: str
    count: int


class AlbumView(View):
    """An album."""

    id: str
    folder: str
    title: str
    state: Literal["reading", "ready", "failed"]
    read: int
    total: int
    message: str
    photos: tuple[PhotoView, ...]
    notes: tuple[str, ...]
    """Sentences about whole files, such as a video that is cut off."""
    funnel: tuple[FunnelRowView, ...]
    """From all photos to those that are used; empty while the album is being read."""


class AlbumsView(View):
    """All albums."""

    albums: tuple[AlbumView, ...]


class PhotoFitView(View):
    """A photo on which the fitted body doesn't lie well."""

    id: str
    name: str
    warnings: tuple[str, ...]


class ClipView(View):
    """What a video on an avatar gave."""

    animation: str
    """The avatar with one animation, GLB."""
    plate: str
    """The background without the person, PNG."""
    sheet: str
    """Some frames, their masks, and the avatar over the plate, PNG."""
    folder: str
    """Path of the folder with all of it; the frames' masks are in `masks`."""


class JobView(View):
    """A job."""

    id: str
    title: str
    goal: Goal
    state: JobState
    position: int | None
    """Place in the queue from 1; null unless it waits."""
    stage: str
    stage_title: str
    stage_index: int
    stage_count: int
    step: int
    total: int
    progress: float
    seconds_left: float | None
    message: str
    error: JobError | None
    created_at: str
    started_at: str | None
    finished_at: str | None
    album: str | None
    folder: str
    """Of the photos; empty where there are none."""
    base: str | None
    """Job of the avatar that is dressed anew or animated; it may have been deleted since."""
    garment: GarmentChoice | None
    """What the variant puts on."""
    video: str
    """Path of the video that the avatar is animated after; empty where there is none."""
    preset: str
    body: str
    prompt_addition: str
    hero_photo: str
    """Id of the photo that the avatar looks like most; empty for none."""
    prompt: str
    """Who was made, where there was no album."""
    workspace: str
    preview: str | None
    log: str | None
    log_path: str
    draft: str | None
    """The GLB of the first avatar, from a minute after the job began."""
    draft_seen: str | None
    """Picture on the draft's UV map: white where photos show it, black where it's guessed."""
    seen: str | None
    """The same of the avatar."""
    draft_note: str
    """How much of the draft was guessed, in a sentence; empty without a draft."""
    avatar: str | None
    avatar_path: str | None
    clip: ClipView | None
    """Once the clip is written."""
    has_assets: bool
    doubtful_photos: tuple[PhotoFitView, ...]
    """As far as the body was fitted."""
    attempts: int
    last_event: int


class JobsView(View):
    """All jobs, newest first."""

    jobs: tuple[JobView, ...]


class QueueView(View):
    """The queue."""

    paused: bool
    message: str
    order: tuple[str, ...]
    """Ids of the jobs that wait, the next one first."""


class WardrobeItemView(View):
    """A piece of the wardrobe."""

    id: str
    kind: AssetKind
    name: str
    token: str
    source: str
    """Title of the avatar that it was learned from."""
    color: tuple[int, int, int] | None
    """Median sRGB in that avatar's texture."""
    has_pattern: bool
    """Whether its shape is known, too."""
    icon: str
    created_at: str


class WardrobeView(View):
    """The wardrobe."""

    items: tuple[WardrobeItemView, ...]
    """Newest first."""
    deleted: tuple[WardrobeItemView, ...]
    """What can be brought back. Its icons are gone until then."""


def album_view(album: AlbumRecord) -> AlbumView:
    """Show an album."""
    return AlbumView(
        id=album.id,
        folder=str(album.folder),
        title=album.title,
        state=album.state,
        read=len(album.photos),
        total=album.total,
        message=album.message,
        photos=tuple(
            PhotoView(
                id=photo.id,
                name=photo.name,
                width=photo.width,
                height=photo.height,
                verdict=photo.verdict,
                is_readable=photo.is_readable,
                warnings=photo.warnings,
                thumbnail=f"{album.id}.thumbnail.{photo.id}" if photo.thumbnail else None,
            )
            for photo in album.photos
        ),
        notes=album.notes,
        funnel=tuple(
            FunnelRowView(step=row.step, count=row.count)
            for row in (funnel(album.photos) if album.state == "ready" else ())
        ),
    )


def job_view(record: JobRecord, store: JobStore, albums: AlbumShelf) -> JobView:
    """Show a job as it stands now.

    Raises:
        NotFoundError: it was deleted meanwhile.
    """
    log = store.log(record.id)
    progress = _latest_progress(record, store)
    is_running = record.state in ("running", "cancelling")
    waiting = [each.id for each in store.queued()] if record.state == "queued" else []
    workspace = record.workspace
    has_log, has_avatar = workspace.log.is_file(), workspace.glb.is_file()
    return JobView(
        id=record.id,
        title=record.title,
        goal=record.goal,
        state=record.state,
        position=waiting.index(record.id) + 1 if record.id in waiting else None,
        stage=progress["stage"],
        stage_title=progress["stage_title"],
        stage_index=progress["stage_index"],
        stage_count=len(record.stages),
        step=progress["step"],
        total=progress["total"],
        progress=1.0 if record.state == "done" else progress["progress"],
        seconds_left=progress["seconds_left"] if is_running else None,
        message=record.message or (progress["message"] if is_running else ""),
        error=record.error,
        created_at=record.created_at,
        started_at=record.started_at,
        finished_at=record.finished_at,
        album=record.album if albums.has(record.album) else None,
        folder=str(record.folder or ""),
        base=record.base,
        garment=record.garment,
        video=str(record.video or ""),
        preset=record.preset,
        body=record.body,
        prompt_addition=record.prompt_addition,
        hero_photo=record.hero_photo,
        prompt=record.prompt,
        workspace=str(record.workspace_root),
        preview=progress["preview"],
        log=f"{record.id}.log" if has_log else None,
        log_path=str(workspace.log),
        draft=f"{record.id}.draft" if workspace.draft.glb.is_file() else None,
        draft_seen=f"{record.id}.draft_seen" if workspace.draft.seen_map.is_file() else None,
        seen=f"{record.id}.seen" if has_avatar and workspace.seen_map.is_file() else None,
        draft_note=draft_note(workspace),
        avatar=f"{record.id}.avatar" if has_avatar else None,
        avatar_path=str(workspace.glb) if has_avatar else None,
        clip=_clip_view(record),
        has_assets=record.goal in ("assets", "avatar") and workspace.asset_table.is_file(),
        doubtful_photos=tuple(
            PhotoFitView(id=found.id, name=found.name, warnings=found.warnings)
            for found in doubtful_photos(workspace)
        ),
        attempts=record.attempts,
        last_event=log.last_id,
    )


def _clip_view(record: JobRecord) -> ClipView | None:
    workspace = record.workspace
    if not workspace.clip_glb.is_file():
        return None
    return ClipView(
        animation=f"{record.id}.animation",
        plate=f"{record.id}.plate",
        sheet=f"{record.id}.sheet",
        folder=str(workspace.exports),
    )


def wardrobe_item_view(entry: WardrobeEntry) -> WardrobeItemView:
    """Show a piece of the wardrobe."""
    return WardrobeItemView(
        id=entry.id,
        kind=entry.kind,
        name=entry.name,
        token=entry.token,
        source=entry.source,
        color=entry.color,
        has_pattern=entry.body is not None,
        icon=f"{entry.id}.icon",
        created_at=entry.created_at,
    )


def queue_view(service: JobService) -> QueueView:
    """Show the queue."""
    state = service.queue.state
    order = tuple(record.id for record in service.store.queued())
    return QueueView(paused=state.is_paused, message=state.message, order=order)


def _latest_progress(record: JobRecord, store: JobStore) -> dict[str, Any]:
    """Where the present run stands; at its beginning where it hasn't reported yet."""
    nothing = {
        "stage": "",
        "stage_title": "",
        "stage_index": 0,
        "step": 0,
        "total": 0,
        "progress": 0.0,
        "seconds_left": None,
        "message": "",
        "preview": None,
    }
    latest = store.log(record.id).latest("progress")
    if latest is None:
        return nothing
    if latest.data.get("run") != record.run:
        return {**nothing, "preview": latest.data.get("preview")}
    stage = latest.data["stage"]
    return {**nothing, **latest.data, "stage_title": record.stage_titles.get(stage, "")}
