"""Which avatar is animated after a video, and how to ask for it. Knows nothing of Blender."""

from pathlib import PurePath
from typing import Any

from ..album.choice import VIDEO_SUFFIXES
from ..connection.types import Job, Snapshot
from ..creation.wish import NO_BACKEND, Request

UNKNOWN_AVATAR = (
    "This avatar came from a file, or its job was deleted, so no video can be put on it. Choose an "
    "avatar in Jobs and add it to the scene."
)
UNFINISHED = "The avatar's job has to come to an end first."
NOT_HERE = "The animation is on its way from the backend. Try again in a moment."
NO_VIDEO = "Choose a video of the person: MP4, MOV, MKV or WebM."
NO_TIME = "The end comes before the start. Change one of them, or set the end to 0."


def obstacles(snapshot: Snapshot, job: Job | None) -> tuple[str, ...]:
    """Why the avatar of a job can't be animated now, in sentences; empty where it can.

    Args:
        snapshot: what is known of the backend.
        job: that made the active avatar; None where it isn't known.
    """
    if snapshot.status != "ready":
        return (NO_BACKEND,)
    if job is None:
        return (UNKNOWN_AVATAR,)
    return () if job.has_made_avatar else (UNFINISHED,)


def is_video(path: str) -> bool:
    """Whether a file's name is a video's."""
    return PurePath(path).suffix.lower() in VIDEO_SUFFIXES


def request_for(job: Job, video: str, trim: tuple[float, float], folder: str | None) -> Request:
    """How to ask for an animation.

    Args:
        job: the avatar's.
        video: absolute path.
        trim: seconds at which the clip begins and ends; an end of 0 is the video's.
        folder: absolute path of the clip's folder; None lets the backend choose.
    """
    body: dict[str, Any] = {"job": job.id, "video": video}
    if any(trim):
        body["settings"] = {"clip": {"start": round(trim[0], 3), "end": round(trim[1], 3)}}
    if folder is not None:
        body["workspace"] = folder
    return Request("/clips", body)
