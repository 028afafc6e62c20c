"""Who puts on what, what hinders it, and how to ask for it. Knows nothing of Blender."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..connection.types import Job, Snapshot
from ..creation.wish import NO_BACKEND, Request

NO_AVATAR = "Click on an avatar in the viewport that a job of this list made."
UNKNOWN_AVATAR = (
    "This avatar came from a file, or its job was deleted, so it can't be dressed anew. Choose an "
    "avatar in Jobs and add it to the scene."
)
UNFINISHED = "Its job has to come to an end first."
NO_WORDS = 'Say in words what it looks like, such as "blue denim jacket".'


@dataclass(frozen=True)
class Garment:
    """What is put on: a piece of the wardrobe, or words."""

    entry: str = ""
    """Id in the wardrobe; empty where words are meant."""
    kind: str = ""
    words: str = ""


def wearer(snapshot: Snapshot, avatar: str | None, is_avatar: bool, chosen: str) -> Job | None:
    """The job whose avatar is dressed: that of the active avatar; without one, the chosen one.

    Args:
        snapshot: what is known of the backend.
        avatar: id of the job that made the active avatar, as far as it is known.
        is_avatar: whether the active object is an avatar.
        chosen: id of the job that is chosen in the list.
    """
    if is_avatar:
        return snapshot.job(avatar)
    job = snapshot.job(chosen)
    return job if job is not None and job.has_made_avatar else None


def obstacles(snapshot: Snapshot, job: Job | None, is_avatar: bool) -> tuple[str, ...]:
    """Why nothing can be tried on now, in sentences; empty where it can."""
    if snapshot.status != "ready":
        return (NO_BACKEND,)
    if job is None:
        return (UNKNOWN_AVATAR if is_avatar else NO_AVATAR,)
    return () if job.has_made_avatar else (UNFINISHED,)


def request_for(job: Job, garment: Garment, folder: str | None) -> Request:
    """How to ask for a variant.

    Args:
        job: the avatar's.
        garment: what it puts on.
        folder: absolute path of the variant's folder; None lets the backend choose.
    """
    body: dict[str, Any] = {"job": job.id}
    if garment.entry:
        body["entry"] = garment.entry
    else:
        body |= {"kind": garment.kind, "words": garment.words.strip()}
    if folder is not None:
        body["workspace"] = folder
    return Request("/swaps", body)


def relatives(snapshot: Snapshot, job: Job) -> frozenset[str]:
    """Ids of all jobs whose avatars are variants of the same person as a job's, and its own."""
    root = _root(snapshot, job.id)
    return frozenset(found.id for found in snapshot.jobs if _root(snapshot, found.id) == root) | {
        root
    }


def _root(snapshot: Snapshot, job: str) -> str:
    """The first of a chain of variants, as far as the jobs are still known."""
    bases: Mapping[str, str | None] = {found.id: found.base for found in snapshot.jobs}
    seen = {job}
    while (base := bases.get(job)) is not None and base not in seen:
        seen.add(base)
        job = base
    return job
