"""Pictures and files by ids that say what they are, and never where they are."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from album2avatar.asset_painting import asset_painting
from album2avatar.asset_pictures import asset_icon, mask_preview
from album2avatar.asset_table import KIND_ORDER
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.jobs.album_shelf import AlbumShelf
from album2avatar.jobs.errors import NotFoundError
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.wardrobe_shelf import WardrobeShelf
from album2avatar.stage_table import (
    CLIP_STAGE_NAMES,
    PROMPT_STAGE_NAMES,
    STAGE_NAMES,
    SWAP_STAGE_NAMES,
)
from album2avatar.workspace import Workspace

_JOB = r"(?P<job>j[0-9a-f]{12})"
_ALBUM = r"(?P<album>a[0-9a-f]{12})"
_KIND = rf"(?P<kind>{'|'.join(KIND_ORDER)})"
_ENTRY = r"(?P<entry>w[0-9a-f]{12})"
_STAGES = sorted({*STAGE_NAMES, *PROMPT_STAGE_NAMES, *SWAP_STAGE_NAMES, *CLIP_STAGE_NAMES})
_STAGE = rf"(?P<stage>{'|'.join(_STAGES)})"
_PHOTO = r"(?P<photo>[a-z0-9][a-z0-9_-]*)"

_AVATAR = re.compile(rf"{_JOB}\.avatar")
_DRAFT = re.compile(rf"{_JOB}\.draft")
_SEEN = re.compile(rf"{_JOB}\.seen")
_DRAFT_SEEN = re.compile(rf"{_JOB}\.draft_seen")
_ANIMATION = re.compile(rf"{_JOB}\.animation")
_PLATE = re.compile(rf"{_JOB}\.plate")
_SHEET = re.compile(rf"{_JOB}\.sheet")
_LOG = re.compile(rf"{_JOB}\.log")
_PREVIEW = re.compile(rf"{_JOB}\.preview\.{_STAGE}\.(?P<step>[0-9]{{5}})")
_ICON = re.compile(rf"{_JOB}\.icon\.{_KIND}")
_MASK = re.compile(rf"{_JOB}\.mask\.{_KIND}\.{_PHOTO}")
_PAINTING = re.compile(rf"{_JOB}\.painting\.{_KIND}\.{_PHOTO}")
_THUMBNAIL = re.compile(rf"{_ALBUM}\.thumbnail\.{_PHOTO}")
_GARMENT = re.compile(rf"{_ENTRY}\.icon")


@dataclass(frozen=True)
class Sources:
    """What has pictures and files."""

    jobs: JobStore
    albums: AlbumShelf
    wardrobe: WardrobeShelf


@dataclass(frozen=True)
class Artifact:
    """Something to send."""

    media_type: str
    content: Path | bytes


def resolve(artifact: str, sources: Sources) -> Artifact:
    """Find what an id stands for.

    Raises:
        NotFoundError: it stands for nothing, or that isn't there any more.
    """
    for pattern, find in _GRAMMAR:
        match = pattern.fullmatch(artifact)
        if match:
            return _existing(find(match, sources))
    raise _missing()


def _workspace(match: re.Match[str], sources: Sources) -> Workspace:
    return sources.jobs.get(match["job"]).workspace


def _avatar(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("model/gltf-binary", _workspace(match, sources).glb)


def _draft(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("model/gltf-binary", _workspace(match, sources).draft.glb)


def _seen(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("image/png", _workspace(match, sources).seen_map)


def _draft_seen(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("image/png", _workspace(match, sources).draft.seen_map)


def _animation(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("model/gltf-binary", _workspace(match, sources).clip_glb)


def _plate(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("image/png", _workspace(match, sources).clip_plate)


def _sheet(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("image/png", _workspace(match, sources).clip_preview)


def _log(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("text/plain; charset=utf-8", _workspace(match, sources).log)


def _preview(match: re.Match[str], sources: Sources) -> Artifact:
    path = _workspace(match, sources).preview(match["stage"], int(match["step"]))
    return Artifact("image/png", path)


def _icon(match: re.Match[str], sources: Sources) -> Artifact:
    return _drawn(lambda: asset_icon(_workspace(match, sources), match["kind"]))


def _mask(match: re.Match[str], sources: Sources) -> Artifact:
    return _drawn(lambda: mask_preview(_workspace(match, sources), match["kind"], match["photo"]))


def _painting(match: re.Match[str], sources: Sources) -> Artifact:
    return _drawn(lambda: asset_painting(_workspace(match, sources), match["kind"], match["photo"]))


def _thumbnail(match: re.Match[str], sources: Sources) -> Artifact:
    album = sources.albums.get(match["album"])
    for photo in album.photos:
        if photo.id == match["photo"] and photo.thumbnail:
            return Artifact("image/png", sources.albums.thumbnails(album.id) / photo.thumbnail)
    raise _missing()


def _garment(match: re.Match[str], sources: Sources) -> Artifact:
    return Artifact("image/png", sources.wardrobe.thumbnail(match["entry"]))


_GRAMMAR: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], Sources], Artifact]], ...] = (
    (_AVATAR, _avatar),
    (_DRAFT, _draft),
    (_SEEN, _seen),
    (_DRAFT_SEEN, _draft_seen),
    (_ANIMATION, _animation),
    (_PLATE, _plate),
    (_SHEET, _sheet),
    (_LOG, _log),
    (_PREVIEW, _preview),
    (_ICON, _icon),
    (_MASK, _mask),
    (_PAINTING, _painting),
    (_THUMBNAIL, _thumbnail),
    (_GARMENT, _garment),
)


def _drawn(draw: Callable[[], bytes]) -> Artifact:
    try:
        return Artifact("image/png", draw())
    except (AlbumError, WorkspaceError) as error:
        raise NotFoundError(str(error)) from error


def _existing(artifact: Artifact) -> Artifact:
    if isinstance(artifact.content, Path) and not artifact.content.is_file():
        raise _missing()
    return artifact


def _missing() -> NotFoundError:
    return NotFoundError("There is no such artifact. It may have been deleted; refresh the list.")
