"""The routes of the API, by what they are about. Each is one call to the jobs."""

import importlib.util
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import FileResponse, StreamingResponse
from pydantic import Field

from album2avatar import __version__
from album2avatar.assets import AssetKind
from album2avatar.jobs.artifacts import Sources, resolve
from album2avatar.jobs.job_assets import AssetListView
from album2avatar.jobs.records import JobRecord
from album2avatar.jobs.requests import (
    ClipRequest,
    JobRequest,
    Line,
    PathText,
    PromptRequest,
    ResumeRequest,
    SwapRequest,
)
from album2avatar.jobs.service import JobService
from album2avatar.presets import preset_descriptions
from album2avatar.server.doctor_child import DoctorChild
from album2avatar.server.event_stream import stream_events
from album2avatar.server.failures import ERRORS
from album2avatar.server.views import (
    AlbumsView,
    AlbumView,
    BodyView,
    DoctorView,
    HealthView,
    JobsView,
    JobView,
    PresetsView,
    QueueShortView,
    QueueView,
    WardrobeItemView,
    WardrobeView,
    album_view,
    job_view,
    queue_view,
    wardrobe_item_view,
)
from album2avatar.settings import Frozen

API = 1
"""Version of the API; a program of another one doesn't understand it."""

WhenParentEnds = Literal["stop", "finish"]


@dataclass(frozen=True)
class Service:
    """What the routes talk to."""

    jobs: JobService
    ending: Event
    """Set when the service ends."""
    set_when_parent_ends: Callable[[WhenParentEnds], None]
    stop: Callable[[Literal["now", "idle"]], None]


class AlbumRequest(Frozen):
    """An album to read."""

    folder: PathText
    """Absolute path of a folder, or of a video."""
    names: tuple[PathText, ...] | None = None
    """File names of the photos and videos to look at; all of the folder where null."""


class ServiceRequest(Frozen):
    """What happens when the parent process ends."""

    when_parent_ends: WhenParentEnds


class StopRequest(Frozen):
    """When the service ends."""

    when: Literal["now", "idle"]


class CancelRequest(Frozen):
    """How a job is cancelled."""

    force: bool = False
    """Now, instead of after the step."""


class QueueRequest(Frozen):
    """Whether the queue takes jobs."""

    paused: bool


class OrderRequest(Frozen):
    """A new order of the queue."""

    order: tuple[Line, ...]
    """Ids of all jobs that wait, the next one first."""


class RenameRequest(Frozen):
    """The new name of an asset, or of a piece of the wardrobe."""

    name: Line


class TokenFileRequest(Frozen):
    """A piece of the wardrobe as one file."""

    path: PathText
    """Absolute; ends with .a2atoken."""


class PaintRequest(Frozen):
    """A mask that was painted."""

    path: PathText
    """Absolute path of a PNG: the asset's `painting` of the photo, with changed opacity."""


class MergeRequest(Frozen):
    """Where an asset's pixels go."""

    into: Line


def routes(service: Service) -> APIRouter:
    """All routes of the API."""
    router = APIRouter(prefix="/v1", responses=ERRORS)
    for part in (_about, _albums, _jobs, _assets, _wardrobe, _files):
        router.include_router(part(service))
    return router


def _about(service: Service) -> APIRouter:
    router = APIRouter(tags=["service"])
    jobs, doctor = service.jobs, DoctorChild()

    @router.get("/health")
    def health() -> HealthView:
        """That the service lives, and what it does."""
        state = jobs.queue.state
        return HealthView(
            version=__version__,
            api=API,
            pid=os.getpid(),
            running=jobs.execution.running,
            queued=len(jobs.store.queued()),
            queue=QueueShortView(paused=state.is_paused, message=state.message),
        )

    @router.get("/doctor")
    def examine(refresh: bool = False) -> DoctorView:
        """What is installed and found on this machine; takes seconds the first time."""
        return DoctorView(findings=doctor.findings(refresh=refresh))

    @router.get("/presets")
    def presets() -> PresetsView:
        """What can be chosen for a job."""
        return PresetsView(presets=preset_descriptions(), bodies=_bodies())

    @router.put("/service", status_code=204)
    def configure(request: ServiceRequest) -> None:
        """Say what happens when the parent process ends."""
        service.set_when_parent_ends(request.when_parent_ends)

    @router.post("/service/stop", status_code=202)
    def stop(request: StopRequest) -> None:
        """End the service; jobs are kept and go on at its next start."""
        service.stop(request.when)

    @router.get("/queue")
    def queue() -> QueueView:
        """The jobs that wait."""
        return queue_view(jobs)

    @router.put("/queue")
    def pause(request: QueueRequest) -> QueueView:
        """Start no more jobs, or start them again."""
        with jobs.store.lock:
            if request.paused:
                jobs.queue.pause()
            else:
                jobs.queue.go_on()
        return queue_view(jobs)

    @router.post("/queue/order")
    def reorder(request: OrderRequest) -> QueueView:
        """Put the jobs that wait into another order."""
        jobs.desk.reorder(request.order)
        return queue_view(jobs)

    return router


def _albums(service: Service) -> APIRouter:
    router = APIRouter(tags=["albums"])
    shelf = service.jobs.albums

    @router.post("/albums", status_code=201)
    def add(request: AlbumRequest) -> AlbumView:
        """Put a folder of photos on the list; it is read in the background."""
        return album_view(shelf.add(request.folder, request.names))

    @router.get("/albums")
    def everything() -> AlbumsView:
        """All albums."""
        return AlbumsView(albums=tuple(album_view(album) for album in shelf.all()))

    @router.get("/albums/{album}")
    def one(album: str) -> AlbumView:
        """One album, with what is known of its photos so far."""
        return album_view(shelf.get(album))

    @router.delete("/albums/{album}", status_code=204)
    def forget(album: str) -> None:
        """Take an album off the list. Its photos are not touched."""
        shelf.remove(album)

    return router


def _jobs(service: Service) -> APIRouter:
    router = APIRouter(tags=["jobs"])
    jobs = service.jobs

    def view(record: JobRecord) -> JobView:
        return job_view(record, jobs.store, jobs.albums)

    @router.post("/jobs", status_code=202)
    def create(
        request: JobRequest,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> JobView:
        """Hand in a job. It is kept for good before this answers."""
        return view(jobs.desk.create(request, idempotency_key))

    @router.post("/prompts", status_code=202)
    def describe(
        request: PromptRequest,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> JobView:
        """Hand in a job that makes an avatar from words alone."""
        return view(jobs.desk.create_from_prompt(request, idempotency_key))

    @router.post("/swaps", status_code=202)
    def swap(
        request: SwapRequest,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> JobView:
        """Hand in a job that makes a variant of a finished avatar with another garment."""
        return view(jobs.desk.create_swap(request, idempotency_key))

    @router.post("/clips", status_code=202)
    def animate(
        request: ClipRequest,
        idempotency_key: Annotated[str, Header(max_length=200)] = "",
    ) -> JobView:
        """Hand in a job that animates a finished avatar after a video."""
        return view(jobs.desk.create_clip(request, idempotency_key))

    @router.get("/jobs")
    def everything() -> JobsView:
        """All jobs, newest first."""
        with jobs.store.lock:
            return JobsView(jobs=tuple(view(record) for record in jobs.store.all()))

    @router.get("/jobs/{job}")
    def one(job: str) -> JobView:
        """One job."""
        return view(jobs.store.get(job))

    @router.post("/jobs/{job}/cancel", status_code=202)
    def cancel(job: str, request: CancelRequest | None = None) -> JobView:
        """Stop a job; it can be resumed."""
        return view(jobs.desk.cancel(job, force=request is not None and request.force))

    @router.post("/jobs/{job}/resume", status_code=202)
    def resume(job: str, request: ResumeRequest | None = None) -> JobView:
        """Let a job go on, perhaps with changes."""
        return view(jobs.desk.resume(job, request or ResumeRequest()))

    @router.delete("/jobs/{job}", status_code=204)
    def delete(job: str, files: bool = False) -> None:
        """Forget a job, and its avatar's folder where `files` is true."""
        jobs.desk.delete(job, files=files)

    @router.get(
        "/jobs/{job}/events",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
    )
    def events(
        job: str,
        after: Annotated[int, Query(ge=0, le=2**53)] = 0,
        last_event_id: Annotated[int | None, Header(ge=0, le=2**53)] = None,
    ) -> StreamingResponse:
        """Follow a job's events from a number on."""
        jobs.store.get(job)
        known = after if last_event_id is None else last_event_id
        stream = stream_events(jobs.store, job, known, service.ending)
        return StreamingResponse(stream, media_type="text/event-stream")

    return router


def _assets(service: Service) -> APIRouter:
    router = APIRouter(tags=["assets"])
    assets = service.jobs.assets

    @router.get("/jobs/{job}/assets")
    def everything(job: str) -> AssetListView:
        """A job's assets."""
        return assets.all(job)

    @router.patch("/jobs/{job}/assets/{kind}")
    def rename(job: str, kind: str, request: RenameRequest) -> AssetListView:
        """Give an asset another name."""
        return assets.rename(job, kind, request.name)

    @router.post("/jobs/{job}/assets/{kind}/merge")
    def merge(job: str, kind: str, request: MergeRequest) -> AssetListView:
        """Make an asset part of another one."""
        return assets.merge(job, kind, request.into)

    @router.put("/jobs/{job}/assets/{kind}/masks/{photo}")
    def paint(job: str, kind: str, photo: str, request: PaintRequest) -> AssetListView:
        """Say where a photo shows an asset."""
        return assets.paint(job, kind, photo, request.path)

    @router.delete("/jobs/{job}/assets/{kind}")
    def drop(job: str, kind: str) -> AssetListView:
        """Leave an asset out."""
        return assets.drop(job, kind)

    return router


def _files(service: Service) -> APIRouter:
    router = APIRouter(tags=["files"])
    jobs = service.jobs
    sources = Sources(jobs.store, jobs.albums, jobs.wardrobe)

    @router.get(
        "/artifacts/{artifact}",
        response_class=Response,
        responses={200: {"content": {"application/octet-stream": {}}}},
    )
    def artifact(artifact: Annotated[str, Field(max_length=300)]) -> Response:
        """A picture or file by its id."""
        found = resolve(artifact, sources)
        if isinstance(found.content, Path):
            return FileResponse(found.content, media_type=found.media_type)
        return Response(found.content, media_type=found.media_type)

    return router


def _wardrobe(service: Service) -> APIRouter:
    router = APIRouter(tags=["wardrobe"])
    shelf = service.jobs.wardrobe

    @router.get("/wardrobe")
    def everything(kind: AssetKind | None = None) -> WardrobeView:
        """Pieces that avatars can put on, newest first, and those that can be brought back."""
        return WardrobeView(
            items=tuple(wardrobe_item_view(entry) for entry in shelf.all(kind)),
            deleted=tuple(wardrobe_item_view(entry) for entry in shelf.deleted()),
        )

    @router.post("/wardrobe/import", status_code=201)
    def take_in(request: TokenFileRequest) -> WardrobeItemView:
        """Take in a piece that was exported."""
        return wardrobe_item_view(shelf.import_file(request.path))

    @router.patch("/wardrobe/{entry}")
    def rename(entry: str, request: RenameRequest) -> WardrobeItemView:
        """Give a piece another name."""
        return wardrobe_item_view(shelf.rename(entry, request.name))

    @router.delete("/wardrobe/{entry}", status_code=204)
    def delete(entry: str) -> None:
        """Take a piece out; it can be brought back."""
        shelf.delete(entry)

    @router.post("/wardrobe/{entry}/restore")
    def restore(entry: str) -> WardrobeItemView:
        """Bring a piece back that was taken out."""
        return wardrobe_item_view(shelf.restore(entry))

    @router.post("/wardrobe/{entry}/export", status_code=204)
    def export(entry: str, request: TokenFileRequest) -> None:
        """Write a piece as one file, for other machines and people."""
        shelf.export(entry, request.path)

    return router


def _bodies() -> tuple[BodyView, ...]:
    has_smplx = importlib.util.find_spec("smplx") is not None
    reason = (
        ""
        if has_smplx
        else "The package smplx is missing: pip install 'album2avatar[smplx]'. It also needs your "
        "own model file, whose licence forbids commercial use."
    )
    return (
        BodyView(name="anny", title="Anny", is_available=True, reason=""),
        BodyView(name="smplx", title="SMPL-X", is_available=has_smplx, reason=reason),
    )
