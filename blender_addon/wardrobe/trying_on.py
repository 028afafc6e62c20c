"""From the active avatar and a choice to a job."""

# pyright: reportMissingImports=false

from typing import Any

import bpy

from .. import backend
from ..avatar.character import avatar_of
from ..avatar.origin import job_of
from ..connection.types import Job, Snapshot
from ..errors import AvatarError
from ..jobs.properties import choose_job
from ..sidebar.handing_in import hand_in, require_answered
from ..sidebar.state import state
from .wish import Garment, obstacles, request_for, wearer


def wearer_now(context: Any, snapshot: Snapshot) -> Job | None:
    """The job whose avatar would put something on now. Cheap enough for drawing."""
    armature = avatar_of(context.active_object)
    job = job_of(armature) if armature is not None else None
    return wearer(snapshot, job, armature is not None, state(context).jobs.chosen)


def obstacles_now(context: Any, snapshot: Snapshot) -> tuple[str, ...]:
    """Why nothing can be tried on now, in sentences. Cheap enough for drawing."""
    is_avatar = avatar_of(context.active_object) is not None
    return obstacles(snapshot, wearer_now(context, snapshot), is_avatar)


def try_on(context: Any, garment: Garment) -> None:
    """Begin a job that makes a variant of the active avatar, and look at it.

    Raises:
        AvatarError: there is no avatar that could put it on.
    """
    require_answered()
    snapshot = backend.connection().peek()
    job = wearer_now(context, snapshot)
    hindered = obstacles_now(context, snapshot)
    if hindered or job is None:
        raise AvatarError(" ".join(hindered))
    request = request_for(job, garment, backend.avatar_folder(job.title))
    hand_in("wardrobe", request.path, request.body, _look_at)


def _look_at(answer: Any) -> None:
    choose_job(state(bpy.context).jobs, answer["id"])
