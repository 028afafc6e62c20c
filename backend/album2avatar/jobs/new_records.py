"""What is asked for becomes the record of a job."""

import re
import secrets
import unicodedata
from pathlib import Path

from album2avatar.album_choice import VIDEO_SUFFIXES
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.files import in_home
from album2avatar.jobs.album_shelf import AlbumRecord
from album2avatar.jobs.errors import ConflictError
from album2avatar.jobs.finished_avatars import check_finished
from album2avatar.jobs.records import Goal, JobRecord, now
from album2avatar.jobs.requests import ClipRequest, JobRequest, PromptRequest, SwapRequest
from album2avatar.jobs.state_folder import default_avatar_folder
from album2avatar.jobs.try_on import choose_garment, title_of
from album2avatar.presets import preset_descriptions
from album2avatar.wardrobe.entry import WardrobeEntry

_LONGEST_TITLE = 200


def record_of_album(request: JobRequest, album: AlbumRecord) -> JobRecord:
    """A job that makes an avatar, or finds its assets, from photos.

    Raises:
        ConflictError: the album is still being read.
        AlbumError: the album can't be used, or has no such photo.
        WorkspaceError: the folder that was asked for is no absolute path.
    """
    job = _new_id()
    title = request.title.strip() or album.title
    created = now()
    return JobRecord(
        id=job,
        title=title,
        goal=request.goal,
        album=album.id,
        folder=album.folder,
        photos=_chosen_names(album, request.photos),
        preset=request.preset or preset_descriptions()[0].name,
        body=request.body,
        smplx_file=request.smplx_file,
        prompt_addition=request.prompt_addition,
        differences=(request.settings,) if request.settings else (),
        workspace_root=_avatar_folder(request.workspace, title, job),
        created_at=created,
        queued_at=created,
    )


def record_of_swap(request: SwapRequest, base: JobRecord, entry: WardrobeEntry | None) -> JobRecord:
    """A job that makes a variant; it is made as its base was, but for what is asked for.

    Args:
        request: what was asked for.
        base: job of the avatar that is dressed.
        entry: the piece of the wardrobe that the request names, if it does.

    Raises:
        ConflictError: the avatar isn't finished, or its files are gone.
        WardrobeError: it can't put that on.
        WorkspaceError: the folder that was asked for is no absolute path.
    """
    garment = choose_garment(request, base, entry)
    title = request.title.strip() or title_of(base, entry, request.words)
    album = {"album": base.album, "folder": base.folder, "photos": base.photos}
    return _record_on(base, request, "swap", title).model_copy(update=album | {"garment": garment})


def record_of_clip(request: ClipRequest, base: JobRecord) -> JobRecord:
    """A job that animates an avatar after a video, with the settings of its base.

    Args:
        request: what was asked for.
        base: job of the avatar that is animated.

    Raises:
        ConflictError: the avatar isn't finished, or its files are gone.
        AlbumError: there is no such video.
        WorkspaceError: the folder that was asked for is no absolute path.
    """
    check_finished(base, "animate it")
    video = _existing_video(request.video)
    title = request.title.strip() or f"{base.title}, {video.stem}"[:_LONGEST_TITLE]
    return _record_on(base, request, "clip", title).model_copy(update={"video": video})


def record_of_words(request: PromptRequest) -> JobRecord:
    """A job that needs no album.

    Raises:
        WorkspaceError: the folder that was asked for is no absolute path.
    """
    job, created = _new_id(), now()
    title = request.title.strip() or request.prompt.strip()[:_LONGEST_TITLE]
    return JobRecord(
        id=job,
        title=title,
        goal="words",
        album=None,
        folder=None,
        photos=(),
        preset=request.preset or preset_descriptions()[0].name,
        prompt=request.prompt.strip(),
        differences=(request.settings,) if request.settings else (),
        workspace_root=_avatar_folder(request.workspace, title, job),
        created_at=created,
        queued_at=created,
    )


def _chosen_names(album: AlbumRecord, photos: tuple[str, ...] | None) -> tuple[str, ...]:
    """File names of the photos that a job is to use.

    Raises:
        ConflictError: the album is still being read.
        AlbumError: the album can't be used, or has no such photo.
    """
    if album.state == "reading":
        raise ConflictError("The album is still being read. Wait until its photos are shown.")
    if album.state == "failed":
        raise AlbumError(album.message)
    names = {photo.id: photo.name for photo in album.photos}
    if photos is None:
        photos = tuple(photo.id for photo in album.photos if photo.verdict != "rejected")
    unknown = [photo for photo in photos if photo not in names]
    if unknown:
        raise AlbumError(f"The album has no photo '{unknown[0]}'. Read the album again.")
    if not photos:
        raise AlbumError(
            "No photo of the album can be used. Add photos that show one person, or choose others."
        )
    return tuple(dict.fromkeys(names[photo] for photo in photos))


def _record_on(
    base: JobRecord, request: SwapRequest | ClipRequest, goal: Goal, title: str
) -> JobRecord:
    """What all jobs on a finished avatar have in common: its settings, and where it is.

    Raises:
        WorkspaceError: the folder that was asked for is no absolute path.
    """
    job, created = _new_id(), now()
    return JobRecord(
        id=job,
        title=title,
        goal=goal,
        album=None,
        folder=None,
        photos=(),
        preset=base.preset,
        body=base.body,
        smplx_file=base.smplx_file,
        prompt_addition=base.prompt_addition,
        differences=(*base.differences, *([request.settings] if request.settings else [])),
        base=base.id,
        base_root=base.workspace_root,
        workspace_root=_avatar_folder(request.workspace, title, job),
        created_at=created,
        queued_at=created,
    )


def _existing_video(path: str) -> Path:
    """The file of a video.

    Raises:
        AlbumError: it is missing, or of no kind that can be read.
    """
    video = Path(path)
    if not video.is_absolute():
        raise AlbumError(f"'{path}' is no absolute path. Choose a video of the person.")
    if video.suffix.lower() not in VIDEO_SUFFIXES:
        known = ", ".join(suffix.removeprefix(".").upper() for suffix in VIDEO_SUFFIXES)
        raise AlbumError(f"{video.name} is no video ({known}). Choose another file.")
    try:
        is_there = video.is_file()
    except OSError:  # such as a name that is too long
        is_there = False
    if not is_there:
        raise AlbumError(f"There is no file {video}. Choose a video of the person.")
    return video


def _new_id() -> str:
    return f"j{secrets.token_hex(6)}"


def _avatar_folder(wanted: str | None, title: str, job: str) -> Path:
    """Folder of a new avatar: the artist's choice, or one in the user's data folder."""
    if wanted is not None:
        return _absolute(wanted)
    return default_avatar_folder(f"{_slug(title)}-{job}")


def _absolute(path: str) -> Path:
    folder = in_home(path)
    if not folder.is_absolute():
        raise WorkspaceError(f"'{path}' is no absolute path. Choose a folder for the avatar.")
    return folder.resolve()


def _slug(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40] or "avatar"
